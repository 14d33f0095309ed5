"""No way of launching things in Dagster publishes ungated data: the gate is in `publish`, not in the graph."""

import dagster as dg
import pytest
from small_project import DATASETS

from orchestration.candidates import AUDITED, SEALED, Candidate, candidates
from orchestration.graph import build_definitions
from orchestration.night import StructureFailed

pytestmark = pytest.mark.nights
SPOILT = "ind_events"


@pytest.fixture
def launch(observatory):
    """Materialise a selection, as the interface does; success or not."""
    observatory.real_audit()
    with dg.DagsterInstance.ephemeral() as instance:

        def launch(*keys, checks=True):
            definitions = build_definitions(observatory.home, observatory.settings)
            selection = dg.AssetSelection.assets(*keys) if keys else dg.AssetSelection.all()
            if not checks:
                selection = selection - dg.AssetSelection.checks_for_assets(*DATASETS)
            job = dg.define_asset_job("chosen", selection=selection, executor_def=dg.in_process_executor)
            loaded = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
            config = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            return loaded.resolve_job_def("chosen").execute_in_process(
                instance=instance, raise_on_error=False, run_config=config
            )

        yield launch


@pytest.fixture
def good_then_spoilt(launch, observatory):
    """Release 1 is good. Since then a candidate was built whose `ind_events` no reader may see."""
    assert observatory.night().release == 1
    observatory.spoil(SPOILT)
    observatory.total = 37
    assert launch("handover", "stg_events", "fct_event_count", *DATASETS).success
    return observatory


def newest(observatory) -> Candidate:
    return candidates(observatory.home.warehouse)[-1]


def statuses(observatory) -> dict[str, str]:
    from publication import releases

    return {name: state.status for name, state in releases.current(observatory.home.releases).datasets.items()}


def assert_nothing_ungated(observatory) -> None:
    """What readers see of the spoilt dataset is still what release 1 said, and says so."""
    from publication import releases

    current, first = (releases.show(observatory.home.releases, n) for n in (None, 1))
    assert current.datasets[SPOILT].sha256 == first.datasets[SPOILT].sha256
    assert current.number == 1 or current.datasets[SPOILT].status == "carried"


def test_publish_alone_judges_again_what_was_never_audited(good_then_spoilt, launch):
    assert launch("candidate").success
    assert newest(good_then_spoilt).state == SEALED
    assert launch("release").success
    assert statuses(good_then_spoilt) == {SPOILT: "carried", "ind_quality": "published"}
    assert_nothing_ungated(good_then_spoilt)


def test_publish_alone_on_a_candidate_that_was_not_sealed(good_then_spoilt, launch):
    launch("release")
    assert good_then_spoilt.current == 1, "the newest sealed candidate is the good one, already released"
    assert_nothing_ungated(good_then_spoilt)


def test_the_whole_graph_without_its_checks(observatory, launch):
    observatory.night()
    observatory.spoil(SPOILT)
    observatory.total = 37
    done = launch(checks=False)
    assert done.success
    assert {e.asset_key.path[0] for e in done.get_asset_check_evaluations()} == {"sources"}
    assert statuses(observatory)[SPOILT] == "carried"
    assert_nothing_ungated(observatory)


def test_the_whole_graph_shows_the_failed_check_and_publishes_the_rest(observatory, launch):
    observatory.night()
    observatory.spoil(SPOILT)
    observatory.total = 37
    done = launch()
    assert done.success, "a dataset kept back is not a failed run: the others are published"
    shown = {(e.asset_key.to_user_string(), e.check_name): e for e in done.get_asset_check_evaluations()}
    failed = shown[SPOILT, "figures_add_up"]
    assert not failed.passed and failed.severity == dg.AssetCheckSeverity.ERROR
    assert failed.metadata["why"].value and failed.metadata["what_to_do"].value
    assert failed.metadata["failing_keys"].value
    assert shown["ind_quality", "figures_add_up"].passed
    assert shown["ind_quality", "reporting_is_complete"].metadata["severity"].value == "reserve"
    assert_nothing_ungated(observatory)


def test_a_part_of_the_warehouse_is_refused(observatory, launch):
    with pytest.raises(dg.DagsterInvalidDefinitionError) as refused:
        launch(SPOILT)
    assert "Please select all asset and check keys" in str(refused.value.__cause__)
    assert observatory.candidates() == []


def test_a_subset_that_leaves_out_the_verdict(good_then_spoilt, launch):
    assert launch("candidate", "release").success
    assert statuses(good_then_spoilt)[SPOILT] == "carried"
    assert_nothing_ungated(good_then_spoilt)


def test_nothing_to_seal_judge_or_publish_is_said_clearly(observatory, launch):
    for key, what in (("candidate", "construite"), ("verdict", "scellée"), ("release", "scellée")):
        done = launch(key)
        assert not done.success
        error = next(event for event in done.all_events if event.is_step_failure).step_failure_data.error
        assert what in str(error.cause or error)
    assert observatory.current is None


def test_a_stale_verdict_does_not_count(good_then_spoilt, launch):
    """The candidate is audited while good, then its bytes change: sealed again or not, the verdict speaks of others."""
    observatory = good_then_spoilt
    observatory.spoil()
    assert launch("handover", "stg_events", "fct_event_count", *DATASETS).success
    assert launch("candidate", "verdict").success
    assert newest(observatory).state == AUDITED
    import duckdb

    with duckdb.connect(str(newest(observatory).database)) as connection:
        connection.execute(f"insert into {SPOILT} (dataset, programme_id) values ('{SPOILT}', 'HDF-CONF-2023')")
        connection.execute("checkpoint")
    assert not launch("release").success, "bytes that are not those that were sealed"
    assert observatory.current == 1
    assert_nothing_ungated(observatory)


def test_a_forged_verdict_does_not_survive_a_new_seal(good_then_spoilt, launch):
    """Sealing again forgets the verdict, even though the bytes may be the same."""
    observatory = good_then_spoilt
    assert launch("candidate", "verdict").success
    assert newest(observatory).verdict_file.exists()
    assert launch("candidate").success
    assert not newest(observatory).verdict_file.exists()
    assert launch("release").success
    assert statuses(observatory)[SPOILT] == "carried"
    assert_nothing_ungated(observatory)


def test_the_verdict_of_another_candidate_does_not_count(good_then_spoilt, launch):
    observatory = good_then_spoilt
    good = candidates(observatory.home.warehouse)[0]
    assert launch("candidate").success
    newest(observatory).verdict_file.write_text(good.verdict_file.read_text())
    assert launch("release").success
    assert statuses(observatory)[SPOILT] == "carried"
    assert_nothing_ungated(observatory)


def test_suites_that_changed_since_the_audit_make_it_void(good_then_spoilt, launch):
    observatory = good_then_spoilt
    assert launch("candidate", "verdict").success
    before = newest(observatory).verdict_file.read_text()
    suite = observatory.home.suites / "ind_quality.yml"
    suite.write_text(suite.read_text().replace("Relancer", "Rappeler"))
    assert launch("release").success
    assert newest(observatory).verdict_file.read_text() != before, "audited again"
    assert_nothing_ungated(observatory)


def test_the_step_itself_refuses_without_a_candidate(observatory):
    with observatory.steps().under_lock() as night, pytest.raises(StructureFailed, match="lancez la nuit entière"):
        night.publish()
