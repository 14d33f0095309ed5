"""The last look at secrecy before a table leaves: a cell marked secret must be empty of what it hides.

Belongs here: refusing a table whose statuses and cells contradict each other. Does not belong here: choosing what is
secret (the rule of each indicator, applied where the table is made).
"""

import pyarrow as pa
import pyarrow.compute as pc

from rulebook.numbers import plural

# SDMX CONF_STATUS, all but free: A small counts, O/T/G dominance, D secondary, N not to publish, C confidential.
SECRET = ("A", "O", "T", "G", "D", "N", "C")
HIDDEN = ("value", "lower", "upper", "numerator", "denominator")


def reasons(table: pa.Table) -> list[str]:
    """Why this table may not leave; empty when it may. A French sentence that counts cells and never shows one."""
    if "conf_status" not in table.column_names:
        return ["Le tableau ne dit pas quelles cellules sont secrètes : la colonne « conf_status » manque."]
    secret = pc.is_in(pc.cast(table["conf_status"], pa.string()), pa.array(SECRET))
    shown = pa.chunked_array([pa.array([False] * table.num_rows, pa.bool_())])
    for name in HIDDEN:
        if name in table.column_names:
            shown = pc.or_(shown, pc.is_valid(table[name]))
    count = pc.sum(pc.and_(pc.fill_null(secret, False), shown)).as_py()
    if count:
        lines = plural(count, "cellule secrète porte encore sa valeur", "cellules secrètes portent encore leur valeur")
        return [f"{lines} : le tableau est retenu tant que le secret n’est pas appliqué."]
    return []
