"""What Dagster shows: `dagster dev` loads `defs` from here (`[tool.dagster]` in pyproject.toml).

Does not belong here: anything else, since importing this module builds everything (`graph.py` does).
"""

from orchestration.graph import build_definitions
from orchestration.home import Home, Settings

defs = build_definitions(Home.from_environment().ensure(), Settings.from_environment())
