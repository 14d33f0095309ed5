"""Fill the inbox with the samples that come with the program, without touching what is already there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from orchestration.home import Home


def fill_inbox(home: Home) -> tuple[list[Path], list[Path]]:
    """(copied, left alone). A file of the same name in the inbox is never replaced."""
    copied, left = [], []
    for sample in sorted(path for path in home.samples.glob("*/*") if path.is_file()):
        target = home.inbox / sample.parent.name / sample.name
        if target.exists():
            left.append(target)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.part")
        # with the sample's own times: a file that is just written is looked at twice before it is believed
        shutil.copy2(sample, aside)
        os.replace(aside, target)
        copied.append(target)
    return copied, left
