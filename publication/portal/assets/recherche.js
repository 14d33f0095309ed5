/* Searching the portal: the words of the address (`?q=`) in the index that this release carries. No request is made. */
(function () {
  "use strict";
  var form = document.getElementById("recherche"), list = document.getElementById("resultats"), said = document.getElementById("combien");
  if (!form || !window.INDEX) return;
  var MOST = 60;
  function fold(text) { return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase(); }
  var entries = window.INDEX.entries.map(function (entry) {
    var said = entry.slice(1).map(function (place) { return window.INDEX.words[place]; }), link = said[1];
    return { title: entry[0], kind: said[0], link: /&q=$/.test(link) ? link + encodeURIComponent(entry[0]) : link, about: said[2],
      name: fold(entry[0]), words: fold([entry[0], said[0], said[2]].join(" ")) };
  });

  function search() {
    var asked = fold(form.elements.q.value).split(/[\s'’]+/).filter(function (word) { return word.length > 1; });
    list.textContent = "";
    if (!asked.length) { said.textContent = ""; return; }
    var found = entries.filter(function (entry) {
      return asked.every(function (word) { return entry.words.indexOf(word) !== -1; });
    }).map(function (entry, at) {
      var score = asked.reduce(function (sum, word) {
        var place = entry.name.indexOf(word);
        return sum + (place === 0 ? 0 : place > 0 ? 1 : 2);
      }, 0);
      return { entry: entry, score: score, at: at };
    }).sort(function (a, b) { return a.score - b.score || a.at - b.at; });
    found.slice(0, MOST).forEach(function (hit) {
      var item = document.createElement("li"), link = document.createElement("a"), kind = document.createElement("span");
      link.href = hit.entry.link;
      link.textContent = hit.entry.title;
      kind.className = "quiet";
      kind.textContent = [hit.entry.kind, hit.entry.about].filter(Boolean).join(", ");
      item.appendChild(link);
      item.appendChild(kind);
      list.appendChild(item);
    });
    said.textContent = !found.length ? "Rien ne porte ces mots." : found.length === 1 ? "1 résultat" :
      found.length + " résultats" + (found.length > MOST ? ", les " + MOST + " premiers" : "");
  }

  var asked = new URLSearchParams(location.search).get("q");
  if (asked) form.elements.q.value = asked;
  form.addEventListener("input", function () {
    search();
    try { history.replaceState(null, "", "?q=" + encodeURIComponent(form.elements.q.value)); } catch (error) { /* file: */ }
  });
  form.addEventListener("submit", function (event) { event.preventDefault(); search(); });
  search();
})();
