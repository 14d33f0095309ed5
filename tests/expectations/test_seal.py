"""The seal: the same rows give the same bytes, and one changed byte gives another hash."""

import duckdb
import pytest
from example import build

from expectations import NotSealable, candidate_hash, hash_and_changes, seal


def _file(directory, statements):
    directory.mkdir(exist_ok=True)
    with duckdb.connect(str(directory / "warehouse.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)
    return directory


def table_of(directory):
    return (directory / "data/ind_x.parquet").read_bytes()


CREATE = "CREATE TABLE ind_x (programme_id VARCHAR, indicator VARCHAR, member VARCHAR, value DOUBLE, n INTEGER)"
A, B = "('P', 'EV01', '02', 5, 1)", "('P', 'EV01', '59', NULL, 2)"


def test_the_same_rows_in_another_order_give_the_same_bytes(tmp_path):
    one = _file(tmp_path / "one", [CREATE, f"INSERT INTO ind_x VALUES {A}, {B}"])
    two = _file(tmp_path / "two", [CREATE, f"INSERT INTO ind_x VALUES {B}", f"INSERT INTO ind_x VALUES {A}"])
    seal(one, {}), seal(two, {})
    assert table_of(one) == table_of(two)


def test_rows_equal_on_the_key_are_ordered_by_the_other_columns(tmp_path):
    c, d = "('P', 'EV01', '02', 5, 1)", "('P', 'EV01', '02', 4, 1)"
    one = _file(tmp_path / "one", [CREATE, f"INSERT INTO ind_x VALUES {c}, {d}"])
    two = _file(tmp_path / "two", [CREATE, f"INSERT INTO ind_x VALUES {d}, {c}"])
    seal(one, {}), seal(two, {})
    assert table_of(one) == table_of(two)


def test_twenty_thousand_rows_written_by_several_threads_give_the_same_bytes(tmp_path):
    rows = "SELECT 'P', 'EV' || (i % 97), 'm' || i, i * 0.1, i FROM range(20000) r(i) ORDER BY hash(i + {salt})"
    tables = set()
    for salt in (1, 2):
        directory = _file(tmp_path / str(salt), [CREATE, f"INSERT INTO ind_x {rows.format(salt=salt)}"])
        seal(directory, {})
        tables.add(table_of(directory))
    assert len(tables) == 1


def test_parquet_keeps_the_order_of_columns_and_one_row_group(tmp_path):
    import pyarrow.parquet as parquet

    directory = _file(tmp_path / "one", [CREATE, f"INSERT INTO ind_x VALUES {B}, {A}"])
    seal(directory, {})
    file = parquet.ParquetFile(directory / "data/ind_x.parquet")
    assert file.schema_arrow.names == ["programme_id", "indicator", "member", "value", "n"]
    assert file.metadata.num_row_groups == 1
    assert file.read().column("member").to_pylist() == ["02", "59"]


def test_sealing_twice_changes_nothing(tmp_path):
    build(tmp_path)
    first = candidate_hash(tmp_path)
    manifest = (tmp_path / "MANIFEST.json").read_bytes()
    assert seal(tmp_path, {"models": {}}) == first
    assert (tmp_path / "MANIFEST.json").read_bytes() == manifest


def test_exports_of_a_table_that_is_gone_do_not_survive(tmp_path):
    directory = _file(tmp_path / "one", [CREATE, "CREATE TABLE ind_y AS SELECT 1 AS value"])
    seal(directory, {})
    _file(directory, ["DROP TABLE ind_y"])
    seal(directory, {})
    assert [path.name for path in (directory / "data").iterdir()] == ["ind_x.parquet"]


@pytest.mark.parametrize("name", ["warehouse.duckdb", "data/ind_events.parquet", "dictionary.json"])
def test_one_byte_more_is_seen(tmp_path, name):
    sealed = build(tmp_path)
    assert candidate_hash(tmp_path) == sealed and hash_and_changes(tmp_path) == (sealed, [])
    with (tmp_path / name).open("ab") as file:
        file.write(b" ")
    assert candidate_hash(tmp_path) != sealed
    assert hash_and_changes(tmp_path)[1] == [name]


def test_a_file_added_or_removed_is_seen(tmp_path):
    sealed = build(tmp_path)
    (tmp_path / "data/ind_more.parquet").write_bytes(b"")
    assert candidate_hash(tmp_path) != sealed and hash_and_changes(tmp_path)[1] == ["data/ind_more.parquet"]
    (tmp_path / "data/ind_more.parquet").unlink()
    assert candidate_hash(tmp_path) == sealed
    (tmp_path / "control/ind_events.parquet").unlink()
    assert candidate_hash(tmp_path) != sealed and hash_and_changes(tmp_path)[1] == ["control/ind_events.parquet"]


def test_a_manifest_rewritten_to_match_is_another_candidate(tmp_path):
    sealed = build(tmp_path)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("UPDATE ind_events SET value = 37 WHERE indicator = 'EV01'")
    assert seal(tmp_path, {"models": {}}) != sealed


def test_what_is_not_part_of_a_candidate_does_not_count(tmp_path):
    sealed = build(tmp_path)
    (tmp_path / "verdict.json").write_text("{}")
    assert candidate_hash(tmp_path) == sealed


def test_a_warehouse_with_a_wal_is_refused(tmp_path):
    directory = _file(tmp_path / "one", [CREATE])
    (directory / "warehouse.duckdb.wal").write_bytes(b"")
    with pytest.raises(NotSealable, match="CHECKPOINT"):
        seal(directory, {})


def test_a_warehouse_still_open_for_writing_is_refused(tmp_path):
    directory = _file(tmp_path / "one", [CREATE])
    with duckdb.connect(str(directory / "warehouse.duckdb")), pytest.raises(NotSealable, match="writer"):
        seal(directory, {})


def test_nothing_to_seal_is_refused(tmp_path):
    with pytest.raises(NotSealable):
        seal(tmp_path, {})
    with pytest.raises(NotSealable, match="no ind_"):
        seal(_file(tmp_path / "one", ["CREATE TABLE dim_x AS SELECT 1 AS a"]), {})
    with pytest.raises(NotSealable):
        candidate_hash(tmp_path)
