"""Great Expectations imported without what is not used."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from expectations.auditing import warm_up
warm_up()
loaded = [name for name in ("sqlalchemy", "altair.vegalite", "scipy.spatial") if name in sys.modules]
import scipy.stats
print(loaded, round(scipy.stats.norm.cdf(0), 1), any("_Finder" in type(f).__name__ for f in sys.meta_path))
"""


@pytest.mark.nights
def test_what_is_put_off_is_not_loaded_and_still_works():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.stdout.strip() == "[] 0.5 False", done.stderr


WITHOUT_A_HOME = """
import os, pwd
os.environ.pop("HOME", None)
def nobody(uid):
    raise KeyError(uid)
pwd.getpwuid = nobody
from expectations.auditing import warm_up
warm_up()
"""


@pytest.mark.nights
def test_whoever_has_no_home_audits_too():
    """A number without a name in a container, whose environment says nothing: no control could conclude."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_A_HOME], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
