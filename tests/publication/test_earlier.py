"""What earlier releases printed, as the next night is given it."""

import hand_made

from publication.earlier import SCHEMA, previous_figures


def test_before_a_first_release_there_is_nothing(tmp_path):
    assert previous_figures(tmp_path / "releases") == SCHEMA.empty_table()


def test_the_current_release_is_whole_and_those_before_give_their_totals(small_desk):
    small_desk.night()
    small_desk.night(ind_events=hand_made.events(35))
    found = previous_figures(small_desk.releases).to_pylist()
    assert {row["age"] for row in found} == {0, 1}
    assert {row["breakdown"] for row in found if row["age"] == 1} == {"total"} != {row["breakdown"] for row in found}
    total = {row["age"]: row["value"] for row in found if row["indicator"] == "EV01" and row["breakdown"] == "total"}
    assert total == {0: 35, 1: 36}
