"""The index that the search page reads: what can be looked for, and where it stands.

Belongs here: choosing the entries and writing them as a script that a page opened from a disk can load. Does not belong
here: searching (`assets/recherche.js`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from publication.portal.charts import Line
from publication.portal.edition import Edition
from publication.workbook import legend

Entry = tuple[str, str, str, str]  # title, kind, link, what else it says

MOST = 4500  # members; beyond, the script would be heavier than a page may be
ITS_NAME = "&q="  # a link that ends so asks for the title of its entry: the reader puts it there
# members of these are not things that anybody looks for by name
DULL = ("total", "role", "modality", "theme_count", "department_theme", "month", "gender", "size_band")


@dataclass(frozen=True)
class Index:
    """`left_out`: how many members are not among the entries."""

    entries: tuple[Entry, ...]
    left_out: int


def index(
    pages: Sequence[Entry],
    lines: Mapping[str, Sequence[Line]],
    pages_of: Mapping[tuple[str, str], str],
    elsewhere: Mapping[tuple[str, ...], str],
    edition: Edition,
    sources: Iterable,
    words: Mapping[str, str],
) -> Index:
    """Pages first, then indicators, sources and signs, then members of programmes, each once per programme and only so many.

    `pages_of`: the page of a dataset and programme; `elsewhere`: that of a dataset, programme, breakdown and member, if it is another;
    `words`: what the first pages call some indicators (« personnes différentes »), by code.
    """
    labels = edition.labels
    entries = list(pages)
    for code, row in sorted(labels.indicators.items()):
        entries.append(
            (
                row["name_fr"] or code,
                "Indicateur",
                f"definitions.html#{code}",
                ", ".join(filter(None, (code, words.get(code)))),
            )
        )
    entries += [(source.title, "Source", "qualite.html#sources", "") for source in sources]
    entries += [(sign, "Signe", "definitions.html#signes", meaning) for sign, meaning in legend(labels)]
    members: dict[tuple[str, str, str], Entry] = {}
    for dataset, found in lines.items():
        for line in found:
            row = line.row
            key = (row["programme_id"], row["breakdown"], row["member"])
            page = elsewhere.get((dataset, *key)) or pages_of.get((dataset, row["programme_id"]))
            if page is None or row["breakdown"] in DULL or key in members:
                continue
            link = f"{page}#programme={quote(row['programme_id'])}{ITS_NAME}"
            # people say « le 59 » as they say « le Nord », and a reserve names events by their code
            is_said = row["breakdown"] in ("department", "event") and any(letter.isdigit() for letter in row["member"])
            kind = f"{line.breakdown} {row['member']}" if is_said else line.breakdown
            members[key] = (line.member, kind, link, line.programme)
    kept = list(members.values())[:MOST]
    return Index((*entries, *kept), len(members) - len(kept))


def script(index: Index) -> str:
    """`window.INDEX = {words, entries}`: an entry is its title, then the places in `words` of its kind, its link and what else it says."""
    words: dict[str, int] = {}
    numbered = [
        [title or "", *(words.setdefault(word or "", len(words)) for word in said)] for title, *said in index.entries
    ]
    body = ",\n".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in numbered)
    return f'window.INDEX = {{"words": {json.dumps(list(words), ensure_ascii=False)}, "entries": [\n{body}\n]}};\n'
