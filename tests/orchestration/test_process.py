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


def test_a_process_without_standard_streams_works_and_keeps_its_files_to_itself(tmp_path):
    """Of a scheduler that closes them: what is printed would else land in the first file that is opened."""
    program = (
        "import subprocess, sys; from orchestration.process import run_process\n"
        "def work():\n"
        "    with open(sys.argv[1], 'w') as file:\n"
        "        print('to nobody', flush=True); print('nor this', file=sys.stderr, flush=True)\n"
        "        subprocess.run(['sh', '-c', 'echo from a child && echo again >&2'], check=True)\n"
        "        file.write('whole')\n"
        "    sys.exit(3)\n"
        "run_process(work)"
    )
    path = tmp_path / "file"
    done = subprocess.run(["sh", "-c", '"$@" <&- >&- 2>&-', "sh", sys.executable, "-c", program, str(path)], timeout=60)
    assert (done.returncode, path.read_text()) == (3, "whole")
