"""The audit in a process of its own: `python -m expectations.beside`.

Importing Great Expectations takes longer than auditing. A night starts this process first, on the second core, and asks it
for the verdict once the candidate is sealed: one line of JSON in (`directory`, `suites`), the verdict in JSON out.
Belongs here: that exchange. Does not belong here: judging (`audit.py`), acting on a verdict.
"""

import json
import sys
from pathlib import Path


def main() -> None:
    """Answer one question and end; end at once when nobody asks."""
    from expectations.audit import audit, warm_up

    warm_up()
    line = sys.stdin.readline()
    if line.strip():
        question = json.loads(line)
        verdict = audit(Path(question["directory"]), suites=Path(question["suites"]))
        sys.stdout.write(verdict.to_json())


if __name__ == "__main__":
    main()
