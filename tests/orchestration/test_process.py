"""How a process ends: with the code of its work, having said everything, having done what libraries left for the end."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("ends", "code"), [("None", 0), ("sys.exit()", 0), ("sys.exit(3)", 3), ("sys.exit('sorry')", 1), ("1 / 0", 1)]
)
def test_a_process_ends_with_the_code_of_its_work(ends, code):
    program = (
        "import atexit, sys; from orchestration.process import run_process; "
        f"atexit.register(print, 'left for the end'); print('said'); run_process(lambda: {ends})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == code
    assert ("sorry" in done.stderr) == ("sorry" in ends)
    assert done.stdout == "said\nleft for the end\n"
