"""On which page the tables of a dataset stand, so that none is slow to open: all on one; a page per programme when that would be
heavy; the long lists of a programme on pages of their own when its page still would be.

Belongs here: what a block weighs, and which rows stand together. Does not belong here: markup, the names of files, links.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from publication.portal.blocks import Block, Entry

HEAVY = 400_000
"""Bytes of one page. With its style and its scripts it stays below the 500 kB that staff were promised."""

# bytes, measured on pages of 60 kB to 3 MB
PAGE, PROGRAMME, DRAWING, ENTRY, NOTE, CELL = 20_000, 8_000, 7_000, 90, 35, 45


def is_heavy(programmes: Iterable[Sequence[Block]]) -> bool:
    """Whether the blocks of these programmes are too many for one page."""
    return PAGE + sum(_programme(blocks) for blocks in programmes) > HEAVY


def set_apart(blocks: Sequence[Block]) -> list[Block]:
    """The folded blocks of one programme that leave its page, the longest first, until what stays is light."""
    weight, apart = PAGE + _programme(blocks), []
    for block in sorted((b for b in blocks if b.is_folded), key=_block, reverse=True):
        if weight <= HEAVY:
            break
        apart.append(block)
        weight -= _block(block)
    return apart


def sheets(block: Block) -> list[Block]:
    """The block cut into pages, in order: each has consecutive rows of one of its tables, and no drawing."""
    room, cut = HEAVY - PAGE - PROGRAMME, []
    for table in block.tables:
        start, weight = 0, 0
        for place, entry in enumerate(table.entries):
            if weight + _entry(entry) > room and place > start:
                cut.append((table, start, place))
                start, weight = place, 0
            weight += _entry(entry)
        cut.append((table, start, len(table.entries)))
    return [
        replace(
            block,
            tables=(replace(table, entries=table.entries[start:end]),),
            is_folded=False,
            charts=(),
            map=None,
            first_row=start + 1,
        )
        for table, start, end in cut
    ]


def _programme(blocks: Sequence[Block]) -> int:
    return PROGRAMME + sum(_block(block) + DRAWING * (len(block.charts) + bool(block.map)) for block in blocks)


def _block(block: Block) -> int:
    return sum(_entry(entry) for table in block.tables for entry in table.entries)


def _entry(entry: Entry) -> int:
    words = len(entry.member) + len(entry.label) + sum(len(note) + NOTE for note in entry.notes)
    return ENTRY + words + CELL * sum(cell is not None for cell in entry.cells)
