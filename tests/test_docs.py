"""Every command and query shown in the README and the docs runs, in the order it is shown, on a home where one night ended well."""

import os
import re
import shlex
import subprocess
import tarfile
from pathlib import Path

import duckdb
import pytest
from command_line import ROOT, observatoire

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"^ {4}(observatoire .+)$", re.MULTILINE)
MAKE = re.compile(r"^ {4}(make .+)$", re.MULTILINE)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXIT_CODES = {0, 3}


def commands() -> list[str]:
    shown = [
        found.partition("#")[0].strip() for page in PAGES for found in COMMAND.findall(page.read_text(encoding="utf-8"))
    ]
    return list(dict.fromkeys(command for command in shown if "…" not in command))


def blocks(language: str) -> list[str]:
    return [
        code for page in PAGES for kind, code in BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language
    ]


def test_something_is_shown():
    assert len(commands()) >= 8 and blocks("python") and blocks("sql")
    assert any(MAKE.findall(page.read_text(encoding="utf-8")) for page in PAGES)


@pytest.mark.nights
@pytest.mark.parametrize("command", commands())
def test_a_shown_command_runs(own_home, command):
    home = own_home
    done = observatoire(home, *shlex.split(command)[1:])
    assert done.returncode in EXIT_CODES, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.nights
@pytest.mark.parametrize("code", blocks("sql"))
def test_a_shown_query_gives_rows(own_home, code):
    home = own_home
    release = (home / "releases" / "current").resolve()
    with duckdb.connect(str(release / "analysts" / "warehouse.duckdb"), read_only=True) as con:
        assert con.sql(code).fetchall()


@pytest.mark.nights
@pytest.mark.parametrize(
    ("code", "table", "member", "value"),
    [
        ("EV05", "ind_events", "month", "nb_events"),
        ("PA01", "ind_participation", "'total'", "nb_participations"),
        ("PA04", "ind_participation", "'total'", "came / registered"),
        ("SA01", "ind_satisfaction", "'total'", "mean_out_of_5"),
    ],
)
def test_a_shown_query_gives_the_published_figures(own_home, code, table, member, value):
    page = (ROOT / "docs" / "analysts.md").read_text(encoding="utf-8")
    (shown,) = re.findall(rf"\({code}\b[^()\n]*\):\n\n```sql\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    release = (own_home / "releases" / "current").resolve()
    with duckdb.connect(str(release / "analysts" / "warehouse.duckdb"), read_only=True) as con:
        said = con.sql(f"select programme_id, {member}, round({value}, 9) from ({shown})").fetchall()
        published = con.sql(
            f"select programme_id, member, round(value, 9) from {table} where indicator = '{code}'"
        ).fetchall()
    assert said and set(said) <= set(published)


@pytest.mark.nights
@pytest.mark.parametrize("code", blocks("python"))
def test_shown_python_runs(own_home, code, monkeypatch, capsys):
    home = own_home
    monkeypatch.chdir(home.parent)
    assert home.name == "var", "the page speaks of var/"
    exec(compile(code, "docs", "exec"), {})
    assert capsys.readouterr().out


@pytest.mark.nights
def test_the_backup_and_the_restoration_of_the_page_give_the_same_home(own_home, tmp_path, monkeypatch):
    """As they are written, with the example's places moved."""
    new, kept = tmp_path / "srv", tmp_path / "kept"
    kept.mkdir()
    _, backup, restore = blocks("sh")
    there = {"/opt/observatoire": ROOT, "/backup": kept, "/safe": own_home / "vault"}

    def run(script, home):
        for example, place in (there | {"/srv/observatoire": home}).items():
            script = script.replace(example, str(place))
        environment = {**os.environ, "OBSERVATOIRE_HOME": str(home)}
        done = subprocess.run(["sh", "-e", "-c", script], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(backup, own_home)
    with tarfile.open(kept / "observatoire.tgz") as made:
        assert "./ledger.sqlite" in made.getnames() and "./vault/master.key" not in made.getnames()
    said = run(restore, new)
    assert "aucun chiffre nouveau" in said and " est intacte" in said and "✗" not in said, said
    assert os.readlink(new / "releases" / "current") == os.readlink(own_home / "releases" / "current")


@pytest.mark.nights
def test_the_documentation_of_dbt_is_made_as_shown(own_home, tmp_path):
    script, *_ = blocks("sh")
    script = script.replace("var/", f"{own_home}/").replace(".venv", str(ROOT / ".venv"))
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    done = subprocess.run(["sh", "-e", "-c", script], cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    page = Path(done.stdout.splitlines()[-1])
    assert page.is_relative_to(tmp_path) and not list(tmp_path.rglob("*.duckdb")), "the copy is gone"
    assert "ind_participation" in page.read_text(encoding="utf-8") and "One row per" in page.read_text(encoding="utf-8")


def test_shown_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in PAGES:
        for command in MAKE.findall(page.read_text(encoding="utf-8")):
            target = command.split()[1]
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), command


def test_links_between_pages_hold():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert os.path.exists(page.parent / target), f"{page.name}: {target}"


def test_the_contract_of_the_readme_is_valid(tmp_path):
    from sources.contract import load_contract

    (code,) = [code for code in blocks("yaml") if code.startswith("source:")]
    name = re.match(r"source: (\w+)", code)[1]
    path = Path(tmp_path) / f"{name}.yml"
    path.write_text(code, encoding="utf-8")
    assert load_contract(path).contract.source == name
