"""Whether anything is new is decided from files alone, before anything heavy is imported."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from small_project import an_hour_old

from orchestration.home import PROJECT, Home
from orchestration.novelty import is_anything_new, leave_for_next_night

HEAVY = ("dagster", "dbt", "great_expectations", "pandas", "duckdb", "pyarrow")


@pytest.fixture
def after_a_night(settled, tmp_path):
    root = shutil.copytree(settled, tmp_path / "settled", symlinks=True)
    return Home(root / "var", root / "project")


def test_nothing_is_new_after_a_night(after_a_night):
    seen = is_anything_new(after_a_night)
    assert (seen.is_new, seen.files_looked_at, seen.reasons) == (False, 1, ())


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("sources/contracts/evenements_ess.yml", "des contrats ont changé"),
        ("sources/corrections/x.yml", "des corrections ont changé"),
        ("sources/explanations.yml", "des explications d'écarts ont changé"),
        ("sources/references/themes.csv", "des référentiels ont changé"),
        ("dbt_project/models/a.sql", "des modèles de l'entrepôt ont changé"),
        ("expectations/suites/ind_events.yml", "des règles de contrôle ont changé"),
        ("publication/portal/page.html", "le programme a changé"),
        ("sources/judge.py", "le programme a changé"),
    ],
)
def test_each_thing_that_decides_what_is_published_counts(after_a_night, place, reason):
    path = after_a_night.project / place
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write("\n# changed\n")
    assert is_anything_new(after_a_night).reasons == (reason,)


def test_what_the_program_of_that_night_did_not_look_at_is_told_as_another_program(after_a_night):
    night = json.loads(after_a_night.last_night.read_text())
    del night["fingerprint"]["withdrawals"]
    after_a_night.last_night.write_text(json.dumps(night))
    assert is_anything_new(after_a_night).reasons == ("le programme a changé",)


def test_a_withdrawn_release_counts(after_a_night):
    with (after_a_night.releases / "history.jsonl").open("a") as journal:
        journal.write('{"at": "2026-11-27T10:00:00+00:00", "event": "withdrawn", "release": 1}\n')
    assert is_anything_new(after_a_night).reasons == ("une version a été retirée",)


def test_a_new_file_and_new_bytes_count_and_a_touched_file_does_not(after_a_night):
    delivered = next(path for path in after_a_night.inbox.rglob("*") if path.is_file())
    os.utime(delivered, (1, 1))
    assert not is_anything_new(after_a_night).is_new
    delivered.write_bytes(delivered.read_bytes() + b"\n")
    an_hour_old(delivered)
    assert "1 livraison à lire (evenements_ess)" in is_anything_new(after_a_night).reasons


def test_what_does_not_decide_anything_does_not_count(after_a_night):
    for place in ("dbt_project/target/manifest.json", "sources/__pycache__/x.pyc", "sources/samples/a/b.csv"):
        path = after_a_night.project / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert not is_anything_new(after_a_night).is_new


def test_a_night_that_did_not_end_and_a_release_that_went_count(after_a_night):
    leave_for_next_night(after_a_night)
    assert is_anything_new(after_a_night).reasons == (
        "il reste à publier ce qu'une nuit interrompue, une relecture, un rapprochement ou un effacement a laissé",
    )
    after_a_night.unfinished.unlink()
    after_a_night.current_release.unlink()
    assert is_anything_new(after_a_night).reasons == ("la version publiée a disparu",)


def test_an_older_shelf_that_a_backup_brought_is_published_to_again(after_a_night):
    newest = after_a_night.current_release.resolve()
    older = newest.with_name("0")
    older.mkdir()
    after_a_night.current_release.unlink()
    after_a_night.current_release.symlink_to("0")
    assert not is_anything_new(after_a_night).is_new, "somebody went back to it"
    newest.rename(newest.with_name("gone"))
    assert is_anything_new(after_a_night).reasons == ("la version publiée a disparu",)


def test_older_tables_of_matching_that_a_backup_brought_are_made_again(after_a_night):
    current = after_a_night.participants / "current"
    (current.parent / "older").mkdir(parents=True)
    current.symlink_to("older")
    assert is_anything_new(after_a_night).reasons == (
        "le rapprochement des personnes n'est plus celui de la dernière nuit (sauvegarde rétablie ?)",
    )
    night = json.loads(after_a_night.last_night.read_text())
    del night["matched"]
    for known in (night | {"matched": "older"}, night):
        after_a_night.last_night.write_text(json.dumps(known))
        assert not is_anything_new(after_a_night).is_new, "nor where an earlier program did not say it"


def test_a_rollback_is_respected(after_a_night):
    """`current` points elsewhere, on purpose: that is no reason to publish again."""
    after_a_night.current_release.unlink()
    after_a_night.current_release.symlink_to("1")
    assert not is_anything_new(after_a_night).is_new


def test_a_folder_without_contract_is_told(after_a_night):
    stray = after_a_night.inbox / "inconnue" / "a.csv"
    stray.parent.mkdir()
    stray.write_text("a")
    seen = is_anything_new(after_a_night)
    assert not seen.is_new and "inconnue" in seen.notes[0]


def test_nothing_heavy_is_imported_to_decide_and_to_say_so(tmp_path):
    """The real command, on a home where nothing is new, in a process of its own."""
    code = f"""
import json, sys
from orchestration.home import Home
from orchestration.novelty import fingerprint
from orchestration.candidates import write_json
home = Home.from_environment().ensure()
write_json(home.last_night, {{"release": None, "fingerprint": fingerprint(home)}})
sys.argv = ["observatoire", "run"]
from orchestration.command import app
try:
    app()
except SystemExit as end:
    assert not end.code, end.code
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    environment = {**os.environ, "OBSERVATOIRE_HOME": str(tmp_path / "var")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=PROJECT)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
    assert "Rien de nouveau : 0 fichier du dépôt" in done.stdout
