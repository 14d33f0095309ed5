"""`make secrets`, on a handful of events: tables that hold secrets, protected and not kept back."""

import pytest

from benchmarks import secrets

pytestmark = pytest.mark.nights


def test_what_keeping_secrets_costs_is_measured_on_tables_that_hold_some():
    found = secrets.measure(8, 0.5)
    assert found["events"] == 8 and found["lines"] > 50 and found["cpu_s"] > 0
    assert found["primary"] > 0 and found["secondary"] > 0 and found["kept_back"] == {}
