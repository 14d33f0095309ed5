"""The cells of some rows of a delivery, as they were sent, under their headers: for the person they are about.

Here: reading them again from the kept original. Not here: which rows (`identity.held`), judging them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from identity.vault import Vault
from sources.contract import LoadedContract
from sources.headers import column_letter
from sources.landing import Places, bound_sheet, original_path, read_delivery, records_in
from sources.layouts import the_table
from sources.readers import Unreadable


def cells_of_rows(
    places: Places, loaded: LoadedContract, delivery: Mapping[str, Any], rows: Collection[int]
) -> dict[int, dict[str, str]]:
    """row_number → {header: text} of the filled cells; {} when the original is gone or cannot be read any more."""
    contract, sha256 = loaded.contract, delivery["sha256"]
    vault, original = Vault(places.vault), original_path(places.originals, delivery["sha256"])
    if not original.exists():
        return {}
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(vault.cipher.open_decrypted(original, purpose="originals", context=sha256)).path
        path, _ = stack.enter_context(records_in(contract, path, delivery["file_name"]))
        try:
            kept = read_delivery(contract, path, delivery["file_name"])
            table = the_table(contract, list(kept.sheets), delivery["file_name"])[0].table
        except Unreadable:
            return {}
        _, binding = bound_sheet(contract, kept, delivery["file_name"])
    labels = binding.labels if binding else ()
    found = {}
    chosen = table.filter(pc.is_in(table["row_number"], pa.array(sorted(rows), pa.int32())))
    for row in chosen.to_pylist():
        texts = [row[f"c{column + 1}"] for column in range(table.num_columns - 1)]
        found[row["row_number"]] = {
            (column < len(labels) and labels[column]) or column_letter(column): text
            for column, text in enumerate(texts)
            if text is not None
        }
    return found
