"""A home that begins: a list of titles and nothing else, one more kind of list beside it. Whatever is not delivered yet keeps nothing back."""

import shutil

import pytest

from orchestration import rooms
from orchestration.exit_codes import DONE
from orchestration.home import Home
from orchestration.night import Night
from sources import landing, references
from sources.contract import load_contract
from sources.kinds import References

pytestmark = pytest.mark.nights

SHAPE = 'source: {source}\ntitle: Liste {source}\nentity: {source}\nfiles: {{pattern: "*.csv", shape: delimited}}\nfields:\n'
EVENT = """\
  event_id: {headers: [code], required: true}
  programme: {constant: MESS-2025}
  status: {constant: held}
  counts: {constant: "oui"}
  title: {headers: [titre], required: true}
"""
LISTED = """\
  event: {headers: [code], required: true}
"""
FIELDS = {
    "event": EVENT,
    "event_report": "  report_id: {headers: [n], required: true}\n" + LISTED,
    "registration": "  registration_id: {headers: [n], required: true}\n  status: {constant: registered}\n" + LISTED,
    "attendance": "  attendance_id: {headers: [n], required: true}\n" + LISTED,
    "feedback": "  response_id: {headers: [n], required: true}\n  programme: {constant: MESS-2025}\n  event: {headers: [code]}\n",
    "contribution": "  contribution_id: {headers: [n], required: true}\n  kind: {constant: lever}\n" + LISTED,
    "organisation": "  organisation_id: {headers: [n], required: true}\n  name: {headers: [code], required: true}\n",
    "published_figure": """\
  programme: {constant: MESS-2025}
  indicator: {headers: [indicateur], required: true}
  dimension: {headers: [dimension], required: true}
  member: {headers: [modalité], required: true}
  figure: {headers: [code], required: true}
""",
}
"""The least that a contract of each entity says."""
TITLES = "code;titre\nA1;Atelier\nA2;Visite\n"
LINES = "n;code\n1;A1\n2;A1\n3;A2\n"


@pytest.fixture
def night_on(tmp_path, monkeypatch):
    """The outcome of a first night on these lists, by entity."""

    def night(lists, **fields):
        contracts = {}
        for entity in lists:
            path = tmp_path / f"{entity}.yml"
            path.write_text(SHAPE.format(source=entity) + fields.get(entity, FIELDS[entity]), encoding="utf-8")
            contracts[entity] = load_contract(path)
        home = Home(tmp_path / "var").ensure()
        for entity, text in lists.items():
            (home.inbox / entity).mkdir()
            (home.inbox / entity / "liste.csv").write_text(text, encoding="utf-8")
        monkeypatch.setattr(rooms, "contracts", lambda home: contracts)
        with Night(home).under_lock() as begun:
            return begun.whole()

    return night


@pytest.mark.parametrize(
    ("lists", "fields"),
    [
        pytest.param({"event": TITLES}, {}, id="titles alone, without a date"),
        pytest.param({"event": TITLES}, {"event": EVENT.replace("held", "announced")}, id="a season that is announced"),
        pytest.param({"event": TITLES, "registration": LINES}, {}, id="places that name nobody"),
        pytest.param({"event": TITLES, "attendance": LINES.replace("A", "Z")}, {}, id="presences of events nobody described"),
        pytest.param({"event": TITLES, "feedback": "n;code\n1;\n2;A1\n"}, {}, id="answers without a note"),
        pytest.param({"event": TITLES, "published_figure": "indicateur;dimension;modalité;code\nnb_evenements;total;total;environ deux\n"}, {}, id="a printed figure"),
        pytest.param(
            {"event": TITLES, **{entity: LINES for entity in FIELDS if entity not in ("event", "published_figure")}},
            {}, id="the least of each kind",
        ),
    ],
)  # fmt: skip
def test_what_is_not_delivered_yet_keeps_nothing_back(night_on, lists, fields):
    outcome = night_on(lists, **fields)
    assert (outcome.exit_code, outcome.kept_back) == (DONE, {}), outcome.sentence


def test_lists_without_a_single_event_are_kept_and_give_no_table(night_on):
    outcome = night_on({"registration": LINES})
    assert outcome.exit_code != DONE
    assert outcome.kept_back.keys() > {"ind_events", "ind_participation"}


def test_a_region_that_keeps_none_of_the_example_programmes(night_on, tmp_path, monkeypatch):
    """Its own line in programmes.csv, the others removed: what other lists of references say of them is of no effect."""
    own = tmp_path / "references"
    shutil.copytree(references.DIRECTORY, own)
    head = (own / "programmes.csv").read_text(encoding="utf-8").splitlines()[0]
    (own / "programmes.csv").write_text(
        f"{head}\nBZH-2026,Rencontres bretonnes,53,2026,,,2023,public,\n", encoding="utf-8"
    )
    monkeypatch.setattr(references, "DIRECTORY", own)
    monkeypatch.setattr(landing, "_references", References)
    outcome = night_on({"event": TITLES}, event=EVENT.replace("MESS-2025", "BZH-2026"))
    assert (outcome.exit_code, outcome.kept_back) == (DONE, {}), outcome.sentence
