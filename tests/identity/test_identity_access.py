import ast
import itertools
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from identity import access
from identity.access import AccessLog
from identity.cipher import Cipher, Secret, Tampered, VaultError
from tests.power_cut import PowerCut, cut


def _log(vault, **environ):
    return AccessLog(vault, Cipher(Secret(b"k" * 32)), environ)


@pytest.fixture
def vault(tmp_path):
    """A vault whose log has four lines."""
    for number in range(4):
        _log(tmp_path, OBSERVATOIRE_ACTOR="dpo").record("matching", "read", [f"helloasso/{number}"], 10 * number)
    return tmp_path


def test_a_line_says_who_why_what_how_many_and_when(vault):
    assert _log(vault).verify() == 4
    first, *_, last = [json.loads(line) for line in (vault / "access.jsonl").read_text().splitlines()]
    assert {key: last[key] for key in ("n", "who", "purpose", "action", "what", "rows")} == {
        "n": 4, "who": "dpo", "purpose": "matching", "action": "read", "what": ["helloasso/3"], "rows": 30,
    }  # fmt: skip
    assert last["at"].endswith("+00:00") and last["at"] >= first["at"]
    for name in ("access.jsonl", "access.head"):
        assert stat.S_IMODE((vault / name).stat().st_mode) == 0o600


def test_without_a_name_the_system_user_is_who(tmp_path):
    _log(tmp_path).record("retention", "erase", ["x/1"], 1)
    assert json.loads((tmp_path / "access.jsonl").read_text())["who"]


@pytest.mark.parametrize("purpose", ["", "recherche de Marie Dupont"])
def test_a_purpose_is_one_of_the_list(tmp_path, purpose):
    with pytest.raises(VaultError, match="Finalité"):
        _log(tmp_path).record(purpose, "read", ["x/1"], 1)
    assert not (tmp_path / "access.jsonl").exists()


def test_an_empty_log_is_whole(tmp_path):
    assert _log(tmp_path).verify() == 0


def _rewrite(vault, change):
    path = vault / "access.jsonl"
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


SPOILED = {
    "first line removed": lambda lines: lines[1:],
    "middle line removed": lambda lines: lines[:1] + lines[2:],
    "last line removed": lambda lines: lines[:-1],
    "last two removed": lambda lines: lines[:-2],
    "all removed": lambda lines: [],
    "lines swapped": lambda lines: [lines[1], lines[0], *lines[2:]],
    "line repeated": lambda lines: [*lines, lines[-1]],
    "rows changed": lambda lines: [*lines[:2], lines[2].replace(b'"rows":20', b'"rows":2'), lines[3]],
    "who changed": lambda lines: [lines[0].replace(b"dpo", b"abc"), *lines[1:]],
    "not JSON": lambda lines: [lines[0], b"oups\n", *lines[2:]],
    "JSON of another shape": lambda lines: [lines[0], b"[]\n", *lines[2:]],
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_log_is_detected(vault, how):
    _rewrite(vault, SPOILED[how])
    with pytest.raises(Tampered, match="Journal des accès"):
        _log(vault).verify()


def test_the_log_cannot_be_rewritten_without_the_master_key(vault):
    for name in ("access.jsonl", "access.head"):
        (vault / name).unlink()
    forger = AccessLog(vault, Cipher(Secret(b"f" * 32)), {})
    for _ in range(4):
        forger.record("matching", "read", [], 0)
    with pytest.raises(Tampered):
        _log(vault).verify()


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"n": 1, "mac": "x", "seal": "y"}'])
def test_a_head_removed_or_forged_is_detected(vault, content):
    if content is None:
        (vault / "access.head").unlink()
    else:
        (vault / "access.head").write_bytes(content)
    with pytest.raises(Tampered, match="access.head"):
        _log(vault).verify()


def test_a_log_that_went_whole_is_detected_once_persons_were_matched(vault):
    for name in ("access.jsonl", "access.head"):
        (vault / name).unlink()
    assert _log(vault).verify() == 0, "a vault nobody read yet has no log"
    (vault / "matching").mkdir()
    (vault / "matching" / "identity.parquet.enc").touch()
    with pytest.raises(Tampered, match="access.head"):
        _log(vault).verify()
    with pytest.raises(Tampered, match="access.head"):
        _log(vault).record("matching", "read", [], 0)


def test_nothing_is_recorded_after_lines_were_cut(vault):
    _rewrite(vault, lambda lines: lines[:-1])
    with pytest.raises(Tampered, match="il en reste 3"):
        _log(vault).record("matching", "read", [], 0)


def test_a_machine_stopped_while_writing_is_not_tampering(vault):
    head = (vault / "access.head").read_bytes()
    _log(vault).record("matching", "read", ["x/5"], 5)
    (vault / "access.head").write_bytes(head)  # stopped between the line and its head
    assert _log(vault).verify() == 5
    with (vault / "access.jsonl").open("ab") as file:
        file.write(b'{"n": 6, "wh')  # stopped in the middle of a line
    assert _log(vault).verify() == 5
    _log(vault).record("matching", "read", ["x/6"], 6)
    assert _log(vault).verify() == 6
    assert (vault / "access.jsonl").read_bytes().count(b"\n") == 6


@pytest.mark.parametrize("nb_times", [1, 2, 3])
def test_a_machine_that_stops_between_line_and_head_again_and_again_is_not_tampering(vault, nb_times, monkeypatch):
    """Two places where it may: after a line was added, after old ones went."""
    log = _log(vault)

    def stop_before(moment):
        """The file that would be written then."""
        return cut(access.replace_file, itertools.count(1), moment, after=False)

    for number in range(nb_times):
        with monkeypatch.context() as patch, pytest.raises(PowerCut):
            # from the second time on, the first file written is the head that was missing
            patch.setattr(access, "replace_file", stop_before(min(number + 1, 2)))
            log.record("matching", "read", [f"x/{5 + number}"], 1)
    assert log.verify() == 4 + nb_times
    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        patch.setattr(access, "replace_file", stop_before(3))  # the head and the base, not the log
        log.forget(datetime.now(UTC) + timedelta(days=1))
    assert log.verify() == 0
    log.record("matching", "read", ["x/9"], 9)
    assert log.verify() == 1 and [line["n"] for line in log.lines()] == [5 + nb_times]


def _made(vault, number, at):
    """A line written on another day."""
    log = _log(vault, OBSERVATOIRE_ACTOR="dpo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access, "datetime", _clock(at))
        log.record("matching", "read", [f"x/{number}"], number)


def _clock(at):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return at

    return Clock


def test_old_lines_go_and_the_rest_still_proves_itself(tmp_path):
    for number, month in enumerate((1, 2, 3), 1):
        _made(tmp_path, number, datetime(2026, month, 1, tzinfo=UTC))
    assert _log(tmp_path).forget(datetime(2026, 2, 15, tzinfo=UTC)) == 2
    assert [line["n"] for line in _log(tmp_path).lines()] == [3, 4]
    assert _log(tmp_path).lines()[-1]["purpose"] == "retention" and _log(tmp_path).verify() == 2
    _log(tmp_path).record("matching", "read", ["x/5"], 5)
    assert _log(tmp_path).verify() == 3
    assert _log(tmp_path).forget(datetime(2026, 2, 15, tzinfo=UTC)) == 0


@pytest.mark.parametrize("spoil", ["base removed", "base changed", "line removed"])
def test_a_shortened_log_still_shows_what_is_done_to_it(tmp_path, spoil):
    for number, month in enumerate((1, 2, 3), 1):
        _made(tmp_path, number, datetime(2026, month, 1, tzinfo=UTC))
    _log(tmp_path).forget(datetime(2026, 1, 15, tzinfo=UTC))
    base = tmp_path / "access.base"
    if spoil == "base removed":
        base.unlink()
    elif spoil == "base changed":
        base.write_text(base.read_text().replace('"n":1', '"n":2'))
    else:
        _rewrite(tmp_path, lambda lines: lines[1:])
    with pytest.raises(Tampered):
        _log(tmp_path).verify()


@pytest.mark.parametrize(
    ("dates", "gone"),
    [
        (["2024-01", "2024-02", "2031-01", "2024-03", "2024-04"], 5),
        (["2024-01", "2024-02", "2031-01", "2024-03", "2026-01"], 4),
        (["2024-01", "2031-01", "2026-01"], 1),
        (["2024-01", "2026-01", "1970-01", "2026-02"], 1),
        (["2024-01", "2026-01", "2026-02", "1970-01"], 1),
        (["2026-01", "2024-01", "2024-02"], 3),
        (["2024-01", "2031-01"], 1),
        (["2026-01", "2026-02"], 0),
    ],
)
def test_a_line_of_a_clock_that_was_wrong_keeps_no_other_and_takes_none_with_it(tmp_path, dates, gone):
    for number, month in enumerate(dates, 1):
        _made(tmp_path, number, datetime.fromisoformat(f"{month}-01T00:00:00+00:00"))
    log, before = _log(tmp_path), datetime(2025, 6, 1, tzinfo=UTC)
    assert log.nb_older(before) == gone == log.forget(before)
    assert [line["at"][:7] for line in log.lines()][: len(dates) - gone] == dates[gone:]
    assert log.nb_older(before) == 0 == log.forget(before)
    assert log.verify() == len(dates) - gone + (gone > 0)


ROOT = Path(__file__).parents[2]
#: What may be opened where: identities by the vault, what matching kept by matching; both record the access first.
MAY_OPEN = {
    "identities": {"identity/vault.py"},
    "matching": {"identity/matching/registry.py", "identity/matching/constraints.py"},
    "tombstones": {"identity/tombstones.py"},
    "keyring": {"identity/keys.py"},
}


def opened_in(text):
    """Purposes under which a program opens what is sealed."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    opening = [call for call in calls if getattr(call.func, "attr", "") in ("open_decrypted", "open_text")]
    said = [each.value for call in opening for each in call.keywords if each.arg == "purpose"]
    return {value.value for value in said if isinstance(value, ast.Constant)}


def test_identities_are_opened_where_the_access_is_recorded_and_nowhere_else():
    seen = set()
    for room in ("identity", "sources", "expectations", "publication", "orchestration"):
        for path in sorted((ROOT / room).rglob("*.py")):
            where = path.relative_to(ROOT).as_posix()
            for purpose in opened_in(path.read_text(encoding="utf-8")) & MAY_OPEN.keys():
                assert where in MAY_OPEN[purpose], f"{where} opens {purpose}"
                seen.add(where)
    assert seen == set().union(*MAY_OPEN.values())
    for where in MAY_OPEN["identities"] | {"identity/matching/registry.py"}:
        assert "log.record(" in (ROOT / where).read_text(encoding="utf-8")


def test_the_wall_around_identities_can_fail():
    assert opened_in('cipher.open_decrypted(path, purpose="identities", context=c)') == {"identities"}
    assert opened_in('x.open_text(t, purpose="matching")') == {"matching"}
    assert opened_in('cipher.mac("identities", b"")') == set()
