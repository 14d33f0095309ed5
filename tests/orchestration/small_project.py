"""What the project of `conftest.Observatory` holds, and files as an inbox wants them."""

import os
import time
from pathlib import Path

SOURCE = "evenements_ess"
DATASETS = ("ind_events", "ind_quality")


def an_hour_old(path: Path) -> Path:
    """A file that nobody is still writing."""
    then = time.time() - 3600
    os.utime(path, (then, then))
    return path
