"""`make season`, two nights of it: every list replaced, every night a release."""

import json

import pytest

from benchmarks import season


def test_a_list_is_cut_between_rows_not_within_a_cell_of_several_lines():
    data = b'a;b\n1;"two\nlines"\n2;"a ""quoted"" word"\n3;x\n'
    assert season.records(data) == [b"a;b\n", b'1;"two\nlines"\n', b'2;"a ""quoted"" word"\n', b"3;x\n"]


@pytest.mark.nights
def test_each_night_replaces_the_lists_and_makes_a_release(tmp_path):
    taken = season.run(400, 2, tmp_path)
    assert len(taken) == 2 and all(found.wall_s > 0 and home_mb > 0 for found, home_mb in taken)
    shelf = tmp_path / "home" / "releases"
    tables = [json.loads((shelf / number / "release.json").read_text())["datasets"] for number in "12"]
    assert tables[0]["ind_participation"]["sha256"] != tables[1]["ind_participation"]["sha256"]
