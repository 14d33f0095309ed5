"""What a release says in words, looked at once more before a file of it is written: no e-mail address, no telephone number.

Belongs here: refusing the release, and saying where the contact is. Does not belong here: taking it out, which is done where a cell is read
(`sources/citable.py`, `sources/judge.py`); the contact of the publisher, which is no word of the data; names of files and sentences on whole
deliveries, which nobody can mend once they are in the ledger: `labels.py` hides the contacts of these.
"""

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from publication.decision import Refused
from publication.labels import Labels, Supply
from rulebook import contacts

MOST_PLACES = 5


def refuse(tables: Mapping[str, pa.Table], names: Labels, supply: Supply) -> None:
    """Raises Refused, in French, when a word of what would be published holds a contact: it says where, and never which."""
    places = list(dict.fromkeys(place for place, text in _words(tables, names, supply) if contacts.holds(text)))
    if not places:
        return
    others = f" et {len(places) - MOST_PLACES} autres" if len(places) > MOST_PLACES else ""
    raise Refused(
        f"Une adresse électronique ou un numéro de téléphone serait publié : {' ; '.join(places[:MOST_PLACES])}{others}. "
        "Retirez-le à la source (ou par une correction) et relancez. Rien n’est publié."
    )


def _words(tables: Mapping[str, pa.Table], names: Labels, supply: Supply) -> Iterator[tuple[str, str | None]]:
    """Everything that is printed in words, after where it stands."""
    for dataset, table in tables.items():
        for column in table.column_names:
            if pa.types.is_string(table.schema.field(column).type) or pa.types.is_large_string(table[column].type):
                yield from _each(f"tableau {dataset}, colonne {column}", pc.unique(table[column]).to_pylist())
        yield from _labels(dataset, table, names)
    for code, row in names.programmes.items():
        yield from _each(f"programme {_safe(code)}", (row.get("title"), row.get("caveat"), row.get("series")))
    for (programme, event), title in names.events.items():
        yield f"intitulé de l’événement {_safe(event)} ({_safe(programme)})", title
    for row in supply.quarantine:
        where = f"ligne {row['row_number']} mise de côté d’un fichier de « {row['source']} »"
        yield where, row["message"]


def _labels(dataset: str, table: pa.Table, names: Labels) -> Iterator[tuple[str, str | None]]:
    keys = [name for name in ("programme_id", "breakdown", "member") if name in table.column_names]
    if len(keys) < 3:
        return
    for row in table.select(keys).group_by(keys).aggregate([]).to_pylist():
        programme, breakdown, member = (row[name] for name in keys)
        if breakdown and member:
            label = names.member(breakdown, member, programme)
            yield f"tableau {dataset}, un libellé de la ventilation {breakdown} ({_safe(programme or '')})", label


def _each(where: str, texts: Iterable[str | None]) -> Iterator[tuple[str, str | None]]:
    for text in texts:
        yield where, text


def _safe(code: str) -> str:
    return "(code non cité)" if contacts.holds(code) else code
