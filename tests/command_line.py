"""The `observatoire` command as its user runs it: another process, a home of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def observatoire(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command on a home, as its user runs it."""
    command = [str(Path(sys.executable).with_name("observatoire")), *arguments]
    env = {**os.environ, "OBSERVATOIRE_HOME": str(home), **environment}
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT, timeout=300)
