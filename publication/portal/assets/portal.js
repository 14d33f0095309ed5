/* Filters, sorting and the way back from a figure. Everything is in the page already: without this file the
   tables are whole, only unsorted and unfiltered. No request is ever made. */
(function () {
  "use strict";
  var table = document.getElementById("table");
  if (!table) return;
  var form = document.getElementById("filtres");
  var bodies = Array.prototype.slice.call(table.tBodies);
  var rows = [];
  bodies.forEach(function (body) {
    Array.prototype.forEach.call(body.rows, function (row) { if (!row.classList.contains("group")) rows.push(row); });
  });
  var charts = Array.prototype.slice.call(document.querySelectorAll(".chart"));
  var folded = rows.map(function (row) { return fold(row.textContent); });

  function fold(text) {
    return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  }

  /* --- filters, kept in the address so that they can be shared --- */
  function filter() {
    var wanted = {}, shown = 0;
    Array.prototype.forEach.call(form.elements, function (field) {
      if (field.name) wanted[field.name] = field.value;
    });
    var words = fold(wanted.q || "").trim();
    rows.forEach(function (row, index) {
      var data = row.dataset;
      var visible = (!wanted.programme || row.parentNode.dataset.p === wanted.programme) &&
        (!wanted.indicateur || data.i === wanted.indicateur) &&
        (!wanted.ventilation || data.b === wanted.ventilation) &&
        (!words || folded[index].indexOf(words) !== -1);
      row.hidden = !visible;
      if (visible) shown += 1;
    });
    bodies.forEach(function (body) {
      var some = Array.prototype.some.call(body.rows, function (row) { return !row.hidden && !row.classList.contains("group"); });
      body.hidden = !some;
    });
    charts.forEach(function (chart) {
      chart.hidden = Boolean(wanted.programme) && chart.dataset.p !== wanted.programme;
    });
    form.querySelector("output").textContent = shown + (shown < 2 ? " ligne" : " lignes") + " sur " + rows.length;
    var parts = Object.keys(wanted).filter(function (name) { return wanted[name] || name === "programme"; }).map(function (name) {
      return name + "=" + encodeURIComponent(wanted[name]);
    });
    var address = parts.length ? "#" + parts.join("&") : location.pathname + location.search;
    try { history.replaceState(null, "", address); } catch (error) { /* some browsers refuse on file: */ }
  }

  function fromAddress() {
    location.hash.slice(1).split("&").forEach(function (part) {
      var at = part.indexOf("=");
      var field = at > 0 && form.elements[part.slice(0, at)];
      if (field) field.value = decodeURIComponent(part.slice(at + 1));
    });
    filter();
  }

  if (form) {
    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("reset", function () { setTimeout(filter, 0); });
    window.addEventListener("hashchange", fromAddress);
    var several = form.elements.programme;
    if (several && several.options.length > 2 && several.dataset.opens && !location.hash) several.selectedIndex = 1;
    fromAddress();
  }

  /* --- sorting --- */
  Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, column) {
    var button = document.createElement("button");
    button.type = "button";
    while (head.firstChild) button.appendChild(head.firstChild);
    head.appendChild(button);
    button.addEventListener("click", function () {
      var down = head.getAttribute("aria-sort") === "ascending";
      Array.prototype.forEach.call(table.tHead.rows[0].cells, function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      var way = down ? -1 : 1, numeric = head.classList.contains("n");
      bodies.forEach(function (body) { sortBody(body, column, way, numeric); });
    });
  });

  function sortBody(body, column, way, numeric) {
    rows.filter(function (row) { return row.parentNode === body; }).sort(function (left, right) {
      var a = left.cells[column], b = right.cells[column];
      if (!numeric) return way * a.textContent.localeCompare(b.textContent, "fr", { numeric: true });
      var x = number(a), y = number(b);
      if (isNaN(x) || isNaN(y)) return (isNaN(x) ? 1 : 0) - (isNaN(y) ? 1 : 0);  /* absences last, both ways */
      return way * (x - y);
    }).forEach(function (row) { body.appendChild(row); });
  }

  function number(cell) {
    if (cell.dataset.v !== undefined) return parseFloat(cell.dataset.v);
    return parseFloat(cell.textContent.replace(/[\s\u202f\u00a0]/g, "").replace("−", "-").replace(",", "."));
  }

  /* --- where does this figure come from? --- */
  var command = document.getElementById("commande");
  if (!command) return;
  var start = command.textContent.split(" ").slice(0, 3).join(" ");  /* observatoire trace DATASET */
  rows.forEach(function (row) {
    var cell = row.querySelector(".v");
    if (!cell) return;
    cell.tabIndex = 0;
    cell.setAttribute("role", "button");
    cell.setAttribute("aria-description", "D’où vient ce chiffre ?");
    cell.addEventListener("click", function () { trace(row, cell); });
    cell.addEventListener("keydown", function (event) {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); trace(row, cell); }
    });
  });

  function trace(row, cell) {
    var data = row.dataset;
    rows.forEach(function (other) { other.classList.toggle("chosen", other === row); });
    command.textContent = start + " " + data.i + " --programme " + row.parentNode.dataset.p + " --breakdown " + data.b + " --member " +
      (/^[\w-]+$/.test(data.m) ? data.m : "'" + data.m + "'");
    var text = row.querySelector("th").textContent + ", " + cell.previousElementSibling.previousElementSibling.textContent +
      " : " + cell.textContent.trim() + (cell.dataset.v ? " (valeur gardée : " + cell.dataset.v.replace(".", ",") + ")" : "");
    document.getElementById("trace").textContent = text + ". Du chiffre aux cases des fichiers reçus :";
    document.getElementById("origine").scrollIntoView({ block: "center" });
  }
})();
