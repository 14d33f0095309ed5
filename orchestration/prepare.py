"""What the installation does once, so that no night has to: parse the dbt project. Run by `make install`.

Does not belong here: anything that touches a home.
"""

import tempfile
from pathlib import Path

from orchestration.home import Home
from orchestration.warehouse import parse_at_installation


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        parse_at_installation(Home(Path(directory)).ensure())


if __name__ == "__main__":
    main()
