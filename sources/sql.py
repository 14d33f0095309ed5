"""Writing SQL text: literals. Not here: any query."""


def literal(text: str | None) -> str:
    """A VARCHAR literal, quotes doubled; NULL for None."""
    return "cast(null as varchar)" if text is None else "'" + text.replace("'", "''") + "'"
