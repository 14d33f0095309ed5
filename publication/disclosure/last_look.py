"""The last look at secrecy before a table leaves: a secret cell is empty of what it hides, and does not say why it is secret.

Belongs here: what of a protected table may be read outside, and refusing one whose statuses and cells contradict each other. Does not belong
here: choosing what is secret (the rule of each indicator, applied where the table is made).
"""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from rulebook.numbers import plural

#: SDMX CONF_STATUS of a secret cell, whatever the reason: all that a table says outside.
CONFIDENTIAL = "C"
#: All but free: A small counts, O/T/G dominance, D secondary, N not to publish.
SECRET = ("A", "O", "T", "G", "D", "N", CONFIDENTIAL)
HIDDEN = ("value", "lower", "upper", "numerator", "denominator")


def reasons(table: pa.Table) -> list[str]:
    """Why this table may not leave; empty when it may. A French sentence that counts cells and never shows one."""
    if "conf_status" not in table.column_names:
        return ["Le tableau ne dit pas quelles cellules sont secrètes : la colonne « conf_status » manque."]
    shown = pa.chunked_array([pa.array([False] * table.num_rows, pa.bool_())])
    for name in HIDDEN:
        if name in table.column_names:
            shown = pc.or_(shown, pc.is_valid(table[name]))
    count = pc.sum(pc.and_(_is_secret(table), shown)).as_py()
    if count:
        lines = plural(count, "cellule secrète porte encore sa valeur", "cellules secrètes portent encore leur valeur")
        return [f"{lines} : le tableau est retenu tant que le secret n’est pas appliqué."]
    return []


def as_printed(table: pa.Table) -> pa.Table:
    """The table without why a cell is secret. Who knows that one of two cells is under the threshold and that the other is not, and reads
    that they make 6 together, knows both: 1 and 5."""
    secret = _is_secret(table)
    if not pc.any(secret).as_py():
        return table
    place = table.column_names.index("conf_status")
    kept = pc.if_else(secret, CONFIDENTIAL, pc.cast(table["conf_status"], pa.string()))
    return table.set_column(place, table.schema.field(place), kept.cast(table.schema.field(place).type))


def report_as_printed(report: Mapping) -> dict:
    """What anybody may read of the report on a table (`protection`): which cells are secret and how that was checked. How many are secret by
    themselves, how many were attacked and how wide their intervals are would tell which ones."""
    kept = ("numbers", "equations", "earlier_releases", "suppressed_whole", "already_public_in")
    cells = [entry["cell"] for entry in report["cells"]]
    return {"cells": cells} | {name: report[name] for name in kept if name in report}


def _is_secret(table: pa.Table) -> pa.ChunkedArray:
    return pc.fill_null(pc.is_in(pc.cast(table["conf_status"], pa.string()), pa.array(SECRET)), False)
