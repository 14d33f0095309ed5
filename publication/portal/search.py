"""The index that the search page reads: what can be looked for, and where it stands.

Belongs here: choosing the entries and writing them as a script that a page opened from a disk can load. Does not belong
here: searching (`assets/recherche.js`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from publication.portal.charts import Line
from publication.portal.edition import Edition
from publication.workbook import legend

Entry = tuple[str, str, str, str]  # title, kind, link, what else it says

MOST = 4000
# members of these are not things that anybody looks for by name
DULL = ("total", "role", "modality", "theme_count", "department_theme", "month", "gender", "size_band")


def index(
    pages: Sequence[Entry],
    lines: Mapping[str, Sequence[Line]],
    places: Mapping[tuple[str, str], str],
    edition: Edition,
    sources: Iterable,
) -> list[Entry]:
    """Pages first, then indicators, members of programmes, sources and signs; one entry per thing and programme."""
    labels = edition.labels
    entries = list(pages)
    for code, row in sorted(labels.indicators.items()):
        entries.append((row["name_fr"] or code, "Indicateur", f"definitions.html#{code}", code))
    seen = set()
    for dataset, found in lines.items():
        for line in found:
            row = line.row
            key = (row["programme_id"], row["breakdown"], row["member"])
            page = places.get((dataset, row["programme_id"]))
            if page is None or row["breakdown"] in DULL or key in seen:
                continue
            seen.add(key)
            link = f"{page}#programme={quote(row['programme_id'])}&q={quote(line.member)}"
            entries.append((line.member, line.breakdown, link, line.programme))
    entries += [(source.title, "Source", "qualite.html#sources", "") for source in sources]
    entries += [(sign, "Signe", "definitions.html#signes", meaning) for sign, meaning in legend(labels)]
    return entries[:MOST]


def script(entries: Sequence[Entry]) -> str:
    body = ",\n".join(json.dumps([text or "" for text in entry], ensure_ascii=False) for entry in entries)
    return f"window.INDEX = [\n{body}\n];\n"
