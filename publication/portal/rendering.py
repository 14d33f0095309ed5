"""From a Vega specification to SVG: `python rendering.py` writes the files that one question asks for.

It runs as a script, because the package that it stands in imports what no chart needs. Belongs here: the renderer and nothing else of
the project. Does not belong here: what a specification says (`drawing`).
"""

import json
import os
import re
import sys
import threading
from pathlib import Path

import vl_convert

EMPTY = {"$schema": "https://vega.github.io/schema/vega/v6.json"}


def svg(specification: dict) -> bytes:
    text = vl_convert.vega_to_svg(specification)
    # the renderer numbers its clips from the first chart that a process draws
    clips: dict[str, str] = {}
    return re.sub(r"\bclip\d+", lambda found: clips.setdefault(found[0], f"clip{len(clips)}"), text).encode("utf-8")


def _serve() -> None:
    """A file for each specification asked for, whole or absent."""
    svg(EMPTY)  # what a first drawing waits for, before any chart is known
    question = sys.stdin.readline()
    if not question:
        return
    threading.Thread(target=_end_with_who_asked, daemon=True).start()
    asked = json.loads(question)
    folder = Path(asked["folder"])
    for name, specification in asked["specifications"].items():
        aside = folder / f".{name}"
        aside.write_bytes(svg(specification))
        os.replace(aside, folder / name)


def _end_with_who_asked() -> None:
    os.read(sys.stdin.fileno(), 1)  # nothing more comes: this waits for the end
    os._exit(1)


if __name__ == "__main__":
    _serve()
