"""Fill the inbox with the samples that come with the program, without touching what is already there."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from orchestration.home import Home


def fill_inbox(home: Home) -> tuple[list[Path], list[Path]]:
    """(copied, left alone). A file of the same name in the inbox is never replaced."""
    copied, left = [], []
    an_hour_ago = time.time() - 3600
    for nth, sample in enumerate(sorted(path for path in home.samples.glob("*/*") if path.is_file())):
        target = home.inbox / sample.parent.name / sample.name
        if target.exists():
            left.append(target)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.part")
        shutil.copyfile(sample, aside)
        # written in the order of the names, whatever the checkout did, and long enough ago to be believed complete
        os.utime(aside, (an_hour_ago + nth, an_hour_ago + nth))
        os.replace(aside, target)
        copied.append(target)
    return copied, left
