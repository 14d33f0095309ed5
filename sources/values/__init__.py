"""Texts typed by people, turned into dated, counted and located values – or refused with a sentence.

What belongs here: pure functions from one text (and its context) to a frozen dataclass, and nothing else. One module
per kind of value; each documents the grammar it accepts.

What does not: reading files, rows, columns, contracts (`sources.contract`), reference tables (`sources.references`),
and guessing. A text outside the documented grammar raises `Refused`; a known exception of one source is declared in
`sources/corrections/`.
"""
