/* The rows behind a figure: its document (`origine/<dataset>--<programme>.js`, described in publication/trace) is loaded when
   a figure is asked for, never before. `window.origine(place, file, key)` writes into `place`. */
(function () {
  "use strict";
  var MONTHS = ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"];
  var MOST = 300;
  var documents = {}, waiting = {}, loading = null;

  window.observatoire_origine = function (found) { if (loading) documents[loading] = found; };

  function load(file, done) {
    if (documents[file]) return done(documents[file]);
    if (waiting[file]) { waiting[file].push(done); return; }
    waiting[file] = [done];
    var script = document.createElement("script");
    script.src = file;
    function finish() {
      loading = null;
      (waiting[file] || []).forEach(function (next) { next(documents[file] || null); });
      delete waiting[file];
    }
    script.onload = script.onerror = finish;
    loading = file;
    document.head.appendChild(script);
  }

  function make(tag, words, kind) {
    var element = document.createElement(tag);
    if (words) element.textContent = words;
    if (kind) element.className = kind;
    return element;
  }
  function day(text) {
    var parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text || "");
    if (!parts) return text || "";
    return (parts[3] === "01" ? "1er" : String(Number(parts[3]))) + "\u00a0" + MONTHS[Number(parts[2]) - 1] + "\u00a0" + parts[1];
  }
  function grouped(number) { return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f"); }
  function several(number, one, many) { return grouped(number) + "\u00a0" + (number < 2 ? one : many); }
  function shown(value) {
    if (value === null || value === undefined) return "non communiqué";
    return typeof value === "number" ? String(value).replace(".", ",") : String(value);
  }
  function places(text) {
    var found = [];
    (text ? text.split(",") : []).forEach(function (part) {
      var ends = part.split("-").map(Number);
      for (var n = ends[0]; n <= (ends.length > 1 ? ends[1] : ends[0]); n++) found.push(n);
    });
    return found;
  }
  function cells(way, file, row) {
    /* « H6 » for each column that the figure reads; the row alone when the file has no letters */
    var letters = way.fields.filter(function (field) { return field !== "title"; }).map(function (field) {
      return (file.columns[field] || []).map(function (column) { return column[0] ? column[0] + row : ""; });
    }).reduce(function (all, some) { return all.concat(some); }, []).filter(Boolean);
    return letters.length ? letters.join(", ") : "ligne\u00a0" + row;
  }

  function events(found, figure, way) {
    var numbers = places(found.sets[figure[1]]), values = figure[2] === null ? [] : found.values[figure[2]];
    var part = make("div");
    part.appendChild(make("h3", several(figure[3] === null ? numbers.length : figure[3], "événement compté", "événements comptés")));
    if (!numbers.length) return part;
    var scroll = make("div", "", "scroll"), table = make("table"), head = make("tr"), body = make("tbody");
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "group");
    scroll.setAttribute("aria-label", "Événements comptés dans ce chiffre");
    ["Événement", "Case", values.length ? "Y est écrit" : ""].filter(Boolean).forEach(function (title) {
      var cell = make("th", title, title === "Y est écrit" ? "n" : "");
      cell.scope = "col";
      head.appendChild(cell);
    });
    table.appendChild(make("thead")).appendChild(head);
    numbers.slice(0, MOST).forEach(function (number, at) {
      var event = found.events[number], row = make("tr"), first = make("th", event[1]);
      first.scope = "row";
      first.appendChild(make("span", [day(event[2]), event[3]].filter(Boolean).join(", "), "remark"));
      event[6].forEach(function (correction) {
        first.appendChild(make("span", "Corrigé : " + found.corrections[correction][2], "remark"));
      });
      row.appendChild(first);
      row.appendChild(make("td", event[4] === null ? "" : cells(way, found.files[event[4]], event[5])));
      if (values.length) row.appendChild(make("td", shown(values[at]), "n"));
      body.appendChild(row);
    });
    table.appendChild(body);
    scroll.appendChild(table);
    part.appendChild(scroll);
    if (numbers.length > MOST || figure[3] > numbers.length) part.appendChild(make("p", "La commande ci-dessous les donne tous.", "quiet"));
    return part;
  }

  function files(found, numbers) {
    var part = make("div");
    part.appendChild(make("h3", numbers.length < 2 ? "Le fichier reçu" : "Les fichiers reçus"));
    numbers.forEach(function (number) {
      var file = found.files[number], line = make("p");
      line.appendChild(make("b", file.file));
      line.appendChild(document.createTextNode((file.sheet ? ", feuille « " + file.sheet + " »" : "") + ", reçu le " + day(file.received) + ". "));
      line.appendChild(make("span", file.source + " : " + several(file.read, "lue", "lues") + " = " + several(file.accepted, "acceptée", "acceptées") + " + " +
        several(file.aside, "mise de côté", "mises de côté") + " + " + several(file.twice, "doublon", "doublons") + ".", "quiet"));
      part.appendChild(line);
      if (file.refused.length) {
        var list = make("ul", "", "checks");
        file.refused.forEach(function (refused) { list.appendChild(make("li", (typeof refused[0] === "number" ? "Ligne " : "") + refused[0] + " : " + refused[1])); });
        part.appendChild(list);
      }
    });
    return part;
  }

  window.origine = function (place, file, key) {
    place.textContent = "";
    place.hidden = true;
    if (!file) return;
    load(file, function (found) {
      var figure = found && found.figures[key];
      if (!figure) return;
      var way = found.ways[figure[0]], numbers;
      if (figure[1] !== null) {
        place.appendChild(events(found, figure, way));
        numbers = places(found.sets[figure[1]]).map(function (number) { return found.events[number][4]; });
      } else {
        place.appendChild(make("p", "Les personnes, les structures et les réponses derrière ce chiffre sont comptées, jamais montrées.", "quiet"));
        numbers = figure[5] || [];
      }
      if (figure[4] && way.beside) {
        var beside = make("p");
        beside.appendChild(make("b", way.beside));
        beside.appendChild(document.createTextNode(" : " + figure[4].map(function (line) { return found.files[line[0]].file + ", ligne " + line[1]; }).join(" ; ")));
        place.appendChild(beside);
        numbers = numbers.concat(figure[4].map(function (line) { return line[0]; }));
      }
      numbers = numbers.filter(function (number, at) { return number !== null && numbers.indexOf(number) === at; });
      if (numbers.length) place.appendChild(files(found, numbers));
      place.hidden = false;
    });
  };
})();
