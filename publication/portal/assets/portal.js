/* Filters, sorting, downloads of what is shown, and the way back from a figure. Everything is in the page already:
   without this file the tables are whole, only unsorted and unfiltered. No request is ever made. */
(function () {
  "use strict";
  var tables = all("table.data");
  if (!tables.length) return;
  var form = document.getElementById("filtres");
  var rows = [];
  tables.forEach(function (table) {
    var b = table.dataset.b;
    each(table.tBodies, function (body) {
      each(body.rows, function (row) {
        if (row.classList.contains("group")) return;
        var m = row.dataset.m || "", parts = m.split("|"), at = row.closest("[data-p]");
        rows.push({
          row: row, table: table, p: at ? at.dataset.p : "", words: "",
          territoire: b === "department_theme" ? "department:" + parts[0] : b + ":" + m,
          theme: b === "department_theme" ? parts[1] : b === "theme" ? m : null,
          periode: b === "month" || b === "year" ? m : null,
          resultat: row.dataset.r
        });
      });
    });
  });

  function all(selector, root) { return Array.prototype.slice.call((root || document).querySelectorAll(selector)); }
  function each(list, action) { Array.prototype.forEach.call(list, action); }
  function text(element) { return element ? element.textContent.replace(/\s+/g, " ").trim() : ""; }
  function fold(words) { return words.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase(); }

  /* --- filters, kept in the address so that they can be shared --- */
  var NARROW = ["territoire", "theme", "periode", "resultat"];

  function wanted() {
    var found = {};
    each(form.elements, function (field) { if (field.name) found[field.name] = field.value; });
    return found;
  }

  function filter() {
    var asked = wanted(), words = fold(asked.q || "").trim(), shown = 0, considered = 0;
    var narrowed = Boolean(words) || NARROW.some(function (name) { return asked[name]; });
    rows.forEach(function (entry) {
      var inside = !asked.programme || entry.p === asked.programme;
      if (words && !entry.words) entry.words = fold(text(entry.row) + " " + text(entry.table.tHead) + " " + heading(entry.table));
      var visible = inside && NARROW.every(function (name) { return !asked[name] || entry[name] === asked[name]; }) &&
        (!words || entry.words.indexOf(words) !== -1);
      entry.row.hidden = !visible;
      considered += inside ? 1 : 0;
      shown += visible ? 1 : 0;
    });
    tables.forEach(function (table) {
      each(table.tBodies, function (body) { body.hidden = !some(body); });
    });
    all(".block").forEach(function (block) {
      if (block.classList.contains("apart")) return;  /* its rows are on other pages */
      block.hidden = !all("table.data", block).some(some);
      if (block.tagName !== "DETAILS") return;
      var longest = all("table.data", block).map(counted).sort(function (a, b) { return b.shown - a.shown || b.of - a.of; })[0];
      if (longest) block.querySelector("summary .quiet").textContent = lines(longest.shown, longest.of);
      if (narrowed && !block.hidden && !block.open) { block.open = true; block.dataset.auto = "1"; }
      if (!narrowed && block.dataset.auto) { block.open = false; delete block.dataset.auto; }
    });
    all("section[data-p]").forEach(function (section) {
      section.hidden = Boolean(asked.programme) && section.dataset.p !== asked.programme;
      if (!section.hidden && narrowed && all(".block", section).length) section.hidden = !all(".block", section).some(function (b) { return !b.hidden; });
    });
    all("[data-about]").forEach(function (said) {
      said.hidden = Boolean(asked.programme) && said.dataset.about.split(" ").indexOf(asked.programme) < 0;
    });
    all("[data-jump]").forEach(function (link) {
      var target = document.getElementById(link.dataset.jump);
      link.parentNode.hidden = Boolean(target && target.hidden);
    });
    document.documentElement.classList.toggle("narrowed", narrowed);
    form.querySelector("output").textContent = lines(shown, considered);
    var parts = Object.keys(asked).filter(function (name) { return asked[name] || name === "programme"; })
      .map(function (name) { return name + "=" + encodeURIComponent(asked[name]); });
    var place = location.hash.indexOf("=") < 0 ? location.hash : "";  /* a table of this page */
    var address = parts.length ? "#" + parts.join("&") : location.pathname + location.search + place;
    try { history.replaceState(null, "", address); } catch (error) { /* some browsers refuse on file: */ }
  }

  function lines(shown, of) {
    return shown + (shown < 2 ? " ligne" : " lignes") + (shown === of ? "" : " sur " + of);
  }
  function isLine(row) { return !row.classList.contains("group") && row.parentNode.tagName === "TBODY"; }
  function some(holder) {
    return Array.prototype.some.call(holder.rows, function (row) { return !row.hidden && isLine(row); });
  }
  function counted(table) {
    var all = Array.prototype.filter.call(table.rows, isLine);
    return { shown: all.filter(function (row) { return !row.hidden; }).length, of: all.length };
  }

  function elsewhere(hash) {
    /* a programme that has a page of its own */
    var choice = form.elements.programme && form.elements.programme.selectedOptions && form.elements.programme.selectedOptions[0];
    var page = choice && choice.dataset.page;
    if (!page || page === form.dataset.page) return false;
    location.href = page + "#" + (hash || "programme=" + encodeURIComponent(choice.value));
    return true;
  }

  function fromAddress() {
    var hash = location.hash.slice(1);
    if (hash.indexOf("=") < 0) { if (hash) open(hash); filter(); if (hash) keep(hash); return; }
    each(form.elements, function (field) { if (field.name && field.name !== "programme") field.value = ""; });
    hash.split("&").forEach(function (part) {
      var at = part.indexOf("="), field = at > 0 && form.elements[part.slice(0, at)];
      if (!field) return;
      var value = decodeURIComponent(part.slice(at + 1));
      field.value = value;
      if (field.tagName === "SELECT" && field.selectedIndex < 0) field.selectedIndex = 0;
    });
    if (!elsewhere(hash)) filter();
  }

  function open(id) {
    var target = document.getElementById(id), section = target && target.closest("section[data-p]");
    if (target && target.tagName === "DETAILS") target.open = true;
    if (section && form.elements.programme) form.elements.programme.value = section.dataset.p;
  }
  function keep(id) {
    var target = document.getElementById(id);
    if (target) target.scrollIntoView();
  }

  if (form) {
    form.hidden = false;
    form.addEventListener("input", function (event) {
      if (event.target.name === "programme" && elsewhere()) return;
      filter();
    });
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("reset", function () {
      setTimeout(function () { first(); filter(); }, 0);
    });
    window.addEventListener("hashchange", fromAddress);
    if (location.hash.indexOf("programme=") < 0) first();
    fromAddress();
  }
  function first() {
    var programme = form.elements.programme;
    if (programme && programme.dataset.opens) programme.value = programme.dataset.opens;
  }

  window.addEventListener("beforeprint", function () {
    all("details.block").forEach(function (block) { if (!block.hidden) block.open = true; });
  });

  /* --- a table that fits is no stop of the keyboard --- */
  function stops() {
    all(".scroll").forEach(function (scroll) {
      if (!scroll.clientWidth) return;
      if (scroll.scrollWidth > scroll.clientWidth) scroll.tabIndex = 0; else scroll.removeAttribute("tabindex");
    });
  }
  window.addEventListener("resize", stops);
  all("details").forEach(function (folded) { folded.addEventListener("toggle", stops); });
  window.addEventListener("load", stops);

  /* --- sorting --- */
  tables.forEach(function (table) {
    each(table.tHead.rows[0].cells, function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      while (head.firstChild) button.appendChild(head.firstChild);
      head.appendChild(button);
      button.addEventListener("click", function () {
        var down = head.getAttribute("aria-sort") === "ascending";
        each(table.tHead.rows[0].cells, function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        each(table.tBodies, function (body) { sortBody(body, column, down ? -1 : 1, head.classList.contains("n")); });
      });
    });
  });

  function sortBody(body, column, way, numeric) {
    Array.prototype.slice.call(body.rows).filter(function (row) { return !row.classList.contains("group"); })
      .sort(function (left, right) {
        var a = left.cells[column], b = right.cells[column];
        if (!numeric) return way * text(a).localeCompare(text(b), "fr", { numeric: true });
        var x = number(a), y = number(b);
        if (isNaN(x) || isNaN(y)) return (isNaN(x) ? 1 : 0) - (isNaN(y) ? 1 : 0);  /* absences last, both ways */
        return way * (x - y);
      }).forEach(function (row) { body.appendChild(row); });
  }

  function printedValue(cell) {
    /* the figure without its bounds, its sign and « au moins » */
    var copy = cell.cloneNode(true);
    all(".bounds, sup, .floor", copy).forEach(function (extra) { extra.remove(); });
    return text(copy);
  }

  function number(cell) {
    var found = /[+−-]?\d[\d\s\u202f\u00a0]*(?:,\d+)?/.exec(cell.dataset.v || printedValue(cell));
    return found ? parseFloat(found[0].replace(/[\s\u202f\u00a0]/g, "").replace("−", "-").replace(",", ".")) : NaN;
  }

  /* --- what is shown, as rows: for the downloads and for the origin of one figure --- */
  function heading(table) {
    var block = table.closest(".block");
    return text(block && block.querySelector("h3"));
  }

  function describe(row, cell) {
    var table = row.closest("table"), head = table.tHead.rows[0].cells[cell.cellIndex];
    var section = row.closest("[data-p]"), ratio = row.querySelector("td.ratio"), under = table.parentNode.nextElementSibling;
    var own = cell.querySelector(".ratio"), label = row.cells[0].cloneNode(true);
    all(".remark, .code", label).forEach(function (extra) { extra.remove(); });
    var isTotal = table.dataset.b === "total", code = row.dataset.i || head.dataset.i || "";
    var without = (row.dataset.without || "").split(" ");
    var common = (under && under.classList.contains("under") ? all("span", under) : []).filter(function (note, place) {
      return without.indexOf(String(place)) < 0;
    });
    var remarks = all(".remark", row).concat(common).filter(function (note) {
      return !note.dataset.i || note.dataset.i.split(" ").indexOf(code) >= 0;
    });
    return {
      programme: section ? section.dataset.title || "" : "", programmeCode: section ? section.dataset.p : "",
      code: code, indicator: isTotal ? text(label) : head.dataset.title || text(head),
      breakdown: heading(table), breakdownCode: table.dataset.b, member: isTotal ? "" : text(label), memberCode: row.dataset.m,
      value: printedValue(cell), atLeast: Boolean(cell.querySelector(".floor")), sign: text(cell.querySelector("sup")),
      bounds: text(cell.querySelector(".bounds:not(.ratio)")), coverage: text(own || ratio),
      unit: row.dataset.u || head.dataset.u || "", remark: remarks.map(text).join(" ")
    };
  }

  function visibleFigures() {
    var found = [];
    tables.forEach(function (table) {
      if (table.closest("[hidden]")) return;
      all("tbody:not([hidden]) tr:not([hidden]) td.v", table).forEach(function (cell) {
        if (cell.textContent) found.push(describe(cell.parentNode, cell));
      });
    });
    return found;
  }

  var HEADINGS = ["Programme", "Code", "Indicateur", "Ventilation", "Modalité", "Précision", "Valeur", "Signe", "Encadrement", "Couverture (n/N)", "Unité", "Remarque"];
  function sheet() {
    return visibleFigures().map(function (f) {
      var share = /%$/.test(f.value), shown = f.value.replace(/[\s\u202f\u00a0%]/g, "").replace("−", "-");
      var value = /^[+-]?\d+(,\d+)?$/.test(shown) ? parseFloat(shown.replace(",", ".")) : f.value;
      return [f.programme, f.code, f.indicator, f.breakdown, f.member, f.atLeast ? "au moins" : "", value, f.sign, f.bounds, f.coverage, share ? "%" : f.unit, f.remark];
    });
  }

  all("button[data-shown]").forEach(function (button) {
    button.parentNode.hidden = false;
    button.addEventListener("click", function () {
      var kind = button.dataset.shown;
      var bytes = window.feuille[kind](HEADINGS, sheet());
      var link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
      link.download = (document.body.dataset.dataset || "tableau") + "-affiche." + kind;
      document.body.appendChild(link);
      link.click();
      link.remove();
      setTimeout(function () { URL.revokeObjectURL(link.href); }, 4000);
    });
  });

  /* --- where does this figure come from? One stop of the keyboard per table, arrows inside it --- */
  var panel = document.getElementById("origine");
  if (!panel || !panel.showModal) return;
  tables.forEach(function (table) {
    var cells = all("td.v", table).filter(function (cell) { return cell.textContent; });
    cells.forEach(function (cell, index) {
      var button = document.createElement("button");
      button.type = "button";
      button.className = "figure-button";
      button.tabIndex = index ? -1 : 0;
      button.setAttribute("aria-haspopup", "dialog");
      while (cell.firstChild) button.appendChild(cell.firstChild);
      cell.appendChild(button);
    });
    table.addEventListener("click", function (event) {
      var button = event.target.closest("button.figure-button");
      if (button) origin(button);
    });
    table.addEventListener("keydown", function (event) {
      var button = event.target.closest("button.figure-button");
      var step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!button || !step) return;
      var next = beside(button.closest("td"), step[0], step[1]);
      if (!next) return;
      event.preventDefault();
      all("button.figure-button[tabindex='0']", table).forEach(function (other) { other.tabIndex = -1; });
      next.tabIndex = 0;
      next.focus();
    });
  });

  function beside(cell, down, across) {
    var row = cell.parentNode, at = cell.cellIndex + across;
    do {
      if (down) {
        row = down > 0 ? row.nextElementSibling : row.previousElementSibling;
        while (row && (row.hidden || row.classList.contains("group"))) row = down > 0 ? row.nextElementSibling : row.previousElementSibling;
      }
      var target = row && row.cells[at];
      if (!target) return null;
      var button = target.querySelector("button.figure-button");
      if (button) return button;
      at += across;
    } while (true);
  }

  function origin(button) {
    var cell = button.closest("td"), f = describe(cell.parentNode, cell);
    all("tr.chosen").forEach(function (row) { row.classList.remove("chosen"); });
    cell.parentNode.classList.add("chosen");
    panel.querySelector(".origin-value").textContent = (f.atLeast ? "au moins " : "") + f.value + (f.unit && /\d$/.test(f.value) ? " " + f.unit : "");
    panel.querySelector(".origin-what").textContent = [f.indicator, f.member].filter(Boolean).join(", ") + (f.programme ? " – " + f.programme : "");
    fact("couverture", f.coverage && f.coverage + " dont la donnée est connue");
    fact("encadrement", f.bounds);
    fact("signe", meaning(f.sign || f.value));
    fact("remarque", f.remark);
    var definition = document.getElementById("def-" + f.code);
    fact("definition", definition ? text(definition.querySelector(".formula")) : "");
    fact("manque", definition ? text(definition.querySelector(".missing")) : "");
    panel.querySelector(".origin-method").href = "definitions.html#" + f.code;
    var key = (cell.parentNode.dataset.k || [f.code, f.breakdownCode, f.memberCode].join("|")).split("|");
    key = [key[0], key[1], key.slice(2).join("|")];
    panel.querySelector("code").textContent = "observatoire trace " + [document.body.dataset.dataset, key[0], "--programme", f.programmeCode,
      "--breakdown", quoted(key[1]), "--member", quoted(key[2])].join(" ");
    var section = cell.closest("[data-origin]");
    window.origine(document.getElementById("origine-lignes"), section && section.dataset.origin, key.join("|"));
    panel.showModal();
    panel.scrollTop = 0;
  }
  function quoted(word) { return /^[\w-]+$/.test(word) ? word : "'" + word.replace(/'/g, "'\\''") + "'"; }
  function fact(name, words) {
    var line = panel.querySelector("[data-fact='" + name + "']");
    line.hidden = !words;
    line.querySelector("dd").textContent = words || "";
  }
  function meaning(sign) {
    var found = all("#legende dt").filter(function (term) { return text(term) === sign; });
    return found.length ? sign + " : " + found.map(function (term) { return text(term.nextElementSibling); }).join(" ; ") : "";
  }
  panel.addEventListener("click", function (event) { if (event.target === panel) panel.close(); });
})();
