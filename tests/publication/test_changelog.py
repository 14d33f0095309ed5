"""What a release says of the one before: every row that came, went or changed, and no other."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from publication import changelog
from publication.changelog import ADDED, CHANGED, REMOVED, Change, as_csv, compare
from publication.labels import Labels
from publication.tables import csv_rows, read_csv
from publication.versions import Version

NOW = datetime(2026, 1, 1, tzinfo=UTC)

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "member": st.sampled_from(["59", "62", "80", None]),
            "value": st.sampled_from([None, 0.0, 1.0, float("nan")]),
            "unit": st.sampled_from(["event", None]),
        }
    ),
    max_size=6,
)


def table(rows: list[dict], **columns: pa.DataType) -> pa.Table:
    names = {"member": pa.string(), "value": pa.float64(), "unit": pa.string()} | columns
    return pa.table({n: pa.array([row.get(n) for row in rows], kind) for n, kind in names.items()})


def changes(old: list[dict], new: list[dict]) -> list[Change]:
    return compare({"d": table(old)}, {"d": table(new)})


def test_rows_that_come_go_and_change():
    old = [{"member": "59", "value": 1.0}, {"member": "62", "value": 2.0}, {"member": "80", "value": 3.0}]
    new = [{"member": "59", "value": 1.0}, {"member": "62", "value": 2.5, "unit": "event"}, {"member": "02"}]
    assert changes(old, new) == [
        Change("d", ADDED, ("02",)),
        Change("d", CHANGED, ("62",), "value", "2", "2.5"),
        Change("d", CHANGED, ("62",), "unit", "", "event"),
        Change("d", REMOVED, ("80",), old="3"),
    ]


def test_what_is_too_long_to_read_is_whole_in_the_file(monkeypatch):
    monkeypatch.setattr(changelog, "MOST_LISTED", 2)
    key = ("ind_events", "P", "EV01", "month")
    found = [Change("ind_events", CHANGED, (*key, f"2025-0{n}", "2025"), "value", "-1", '"2",') for n in range(1, 6)]
    found.append(Change("ind_events", REMOVED, (*key, "2025-06", "2025", "#2"), old="3"))
    version = Version("1.0.1", "patch")
    text = changelog.markdown(2, NOW, found, [], Labels(), 1, [], version, changelog.revised(found, Labels()))
    assert text.count("| valeur |") == 3 and "Et 3\u00a0autres : tout est dans `revisions.csv`." in text
    header, *rows = read_csv(as_csv(found))
    assert len(rows) == 6 and rows[0] == [*key, "2025-01", "2025", "", "changed", "value", "-1", '"2",']
    assert rows[-1] == [*key, "2025-06", "2025", "#2", "removed", "", "3", ""] and len(header) == len(rows[0])


def test_cells_stand_in_the_text_as_tables_print_them():
    labels = Labels(indicators={"TE02": {"rounding": "1 déc.", "unit": "share"}})
    key = ("ind_territories", "P", "TE02", "total", "total", "2025")
    found = [Change("d", CHANGED, key, "upper", "0.1333333", "0.25"), Change("d", REMOVED, key, old="0.5")]
    text = changelog.markdown(
        2, NOW, found, [], labels, 1, [], Version("1.0.1", "patch"), changelog.revised(found, labels)
    )
    assert "| borne haute | 13,3\u202f% | 25,0\u202f% |" in text and "| valeur | 50,0\u202f% | (vide) |" in text


def test_a_revision_is_told_in_words_with_the_fewest_decimals_that_show_it():
    labels = Labels(indicators={"TE02": {"rounding": "1 déc.", "unit": "share"}, "TE04": {"rounding": "1 déc."}})

    def told(column: str, old: str, new: str, indicator: str = "TE04") -> tuple[str, str]:
        key = ("ind_territories", "P", indicator, "total", "total", "2025")
        return changelog.in_words(Change("d", CHANGED, key, column, old, new), labels)

    assert told("value", "17.591091004466303", "17.64111306419464") == ("17,59", "17,64")
    assert told("value", "0.13333", "0.13334", "TE02") == ("13,333\u202f%", "13,334\u202f%")
    assert told("numerator", "11.833333333333334", "11.5") == ("11,8", "11,5")
    assert told("numerator", "450", "453") == ("450", "453")
    assert told("reconciliation_status", "match", "MISMATCH") == ("concorde", "diffère")
    assert told("is_explained", "", "false") == ("", "non")


def test_a_list_of_revisions_that_is_cut_keeps_the_figures(monkeypatch):
    monkeypatch.setattr(changelog, "MOST_LISTED", 1)
    keys = [("ind_events", "P", code, "total", "total", "2025") for code in ("EV01", "EV02")]
    found = [Change("d", CHANGED, keys[0], column, "1", "2") for column in ("n_total", "upper")]
    found += [Change("d", CHANGED, keys[1], "value", "3", "4"), Change("d", ADDED, keys[1], new="9")]
    assert [change.column for change in changelog.figures_first(found)] == ["value", "upper", "n_total"]
    text = changelog.markdown(2, NOW, found, [], Labels(), 1, [], Version("1.0.1", "patch"), set())
    assert "| valeur | 3 | 4 |" in text and "concernés (N)" not in text and "2\u00a0autres" in text


def test_a_row_said_twice_that_is_said_once_went():
    twice = [{"member": "59", "value": 1.0}] * 2
    assert changes(twice, twice[:1]) == [Change("d", REMOVED, ("59", "#2"), old="1")]
    assert changes(twice[:1], twice) == [Change("d", ADDED, ("59", "#2"), new="1")]


def test_a_column_that_is_new():
    old, new = table([{"member": "59"}]), table([{"member": "59", "note": "?"}], note=pa.string())
    assert compare({"d": old}, {"d": new}) == [Change("d", CHANGED, ("59",), "note", "", "?")]


@pytest.mark.parametrize("words", [["a"], ["a", "b"]])
def test_a_column_of_lists(words):
    old, new = (table([{"member": "59", "words": w}], words=pa.list_(pa.string())) for w in (["a"], words))
    assert [c.new for c in compare({"d": old}, {"d": new})] == (["a|b"] if len(words) > 1 else [])


@given(ROWS, ROWS)
def test_nothing_that_differs_is_left_untold(old, new):
    told = changes(old, new)
    came = sum(c.kind == ADDED for c in told) - sum(c.kind == REMOVED for c in told)
    assert len(old) + came == len(new)
    assert changes(old, old) == []
    assert told or sorted(csv_rows(table(old))) == sorted(csv_rows(table(new)))


def test_the_same_rows_in_another_order_are_no_change():
    rows = [{"member": str(n), "value": n / 3} for n in range(500)]
    assert changes(rows, rows[::-1]) == []


def test_a_figure_is_revised_when_it_is_printed_otherwise():
    def change(member: str, old: str, new: str, column: str = "value") -> Change:
        return Change("ind", CHANGED, ("ind", "P", "TE02", "department", member, "2023"), column, old, new)

    labels = Labels(indicators={"TE02": {"rounding": "1 déc.", "unit": "share"}})
    noise, moved, gone = (
        change("02", "0.3", "0.30000000000000004"),
        change("59", "0.3", "0.31"),
        change("60", "0.3", ""),
    )
    told = [noise, moved, gone, change("62", "a", "b", "caveat")]
    assert changelog.revised(told, labels) == {moved.key, gone.key}
