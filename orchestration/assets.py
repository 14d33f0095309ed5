"""The steps of a night as Dagster assets: what each one leaves behind, and what is worth seeing of it.

Belongs here: the shape of the graph (read from the contracts, dbt's manifest and the suites: nothing is named here)
and the metadata. Does not belong here: the steps (`night.py`), the gate (`publication.publish`): nothing shown here
decides anything.

    sources/<source>  →  participants  →  handover + one asset per dbt model (one step: a candidate is whole or is not)
                      →  candidate  →  verdict  →  release
    one asset check per expectation, on its `ind_*` table, filled from the verdict

A `Step` says the same of a night twice: to Dagster when it runs the night (`definition`), and to the history of a night that the
command ran (`show`, `history.py`). Seconds are those of the night (`night.seconds`).

Any selection is safe. A source alone is landed, and waits for the next night. A part of the warehouse is refused by
Dagster, since its step cannot be cut. `candidate`, `verdict`, `release` alone work on the newest candidate that got
far enough, and `release` publishes nothing that was not audited on exactly these bytes.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

import dagster as dg

from orchestration import rooms, warehouse
from orchestration.freshness import freshness
from orchestration.historian import ToldNight
from orchestration.home import Home, Settings
from orchestration.night import Night, StructureFailed, delivery_sentence, matching_sentence, release_sentence

POOL = "warehouse_writer"
PARTICIPANTS, HANDOVER, CANDIDATE, VERDICT, RELEASE = (
    dg.AssetKey(name) for name in ("participants", "handover", "candidate", "verdict", "release")
)
Shown = dg.MaterializeResult | dg.AssetCheckResult
Told = Night | ToldNight  # at work, or told of by one that was
COUNTS = ("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "rows_structure")


class Step(NamedTuple):
    """One step of a night: how Dagster runs it, and what there is to see of it in a night that has it behind itself. `show` raises
    StructureFailed when the step did."""

    definition: dg.AssetsDefinition
    show: Callable[[Told], Iterator[Shown]]


def _step(show: Callable[[Told], Iterator[Shown]], **shape: Any) -> Step:
    """The step that one asset makes, and that shows what the night did of it."""

    @dg.asset(required_resource_keys={"night"}, pool=POOL, **shape)
    def run(context: dg.AssetExecutionContext) -> Iterator[Shown]:
        for shown in show(context.resources.night):
            # a check that only warns leaves the run a success: the run's own log says it too, in the words and numbers of the step, which quote no cell
            for check in shown.check_results or () if isinstance(shown, dg.MaterializeResult) else ():
                if not check.passed:
                    context.log.warning(f"{check.check_name}: {(shown.metadata or {}).get('summary', 'failed')}")
            yield shown

    return Step(run, show)


def night_resource(home: Home, settings: Settings) -> dg.ResourceDefinition:
    """One `Night` per run, holding the lock from the first step of the run to its last."""

    @dg.resource
    def night(context: dg.InitResourceContext) -> Iterator[Night]:
        assert context.run is not None  # None only outside of a run
        with Night(home, settings, context.run.run_id).under_lock() as held:
            yield held

    return night


def source_key(source: str) -> dg.AssetKey:
    return dg.AssetKey(["sources", source])


def source_steps(home: Home) -> list[Step]:
    return [_source_step(home, loaded) for loaded in rooms.contracts(home).values()]


def _source_step(home: Home, loaded: Any) -> Step:
    contract = loaded.contract
    key = source_key(contract.source)
    readable = dg.AssetCheckSpec(
        "deliveries_readable", asset=key, description="Toutes les livraisons ont pu être lues."
    )
    on_time = dg.AssetCheckSpec("on_time", asset=key, description="La dernière livraison n'est pas en retard.")

    def show(night: Told) -> Iterator[Shown]:
        reports, failure = [], ""
        try:
            reports = night.deliver(contract.source)
        except StructureFailed as error:
            # told as a failed check: a raised error would keep the other sources from being published
            failure = str(error)
        unread = [report for report in reports if report.outcome != "accepted"]
        fresh = freshness(home, {contract.source: loaded}, night.now)[0]
        yield dg.MaterializeResult(
            metadata={
                "summary": failure or delivery_sentence(reports),
                "deliveries": len(reports),
                "seconds": night.seconds[f"deliver:{contract.source}"],
                **{count: sum(getattr(report, count) for report in reports) for count in COUNTS},
                "quarantine": dg.MetadataValue.path(str(home.landing / "quarantine")),
                **({"log": dg.MetadataValue.path(str(night.log_file))} if failure else {}),
            },
            check_results=[
                dg.AssetCheckResult(
                    check_name=readable.name,
                    passed=not failure and not unread,
                    severity=dg.AssetCheckSeverity.ERROR if failure else dg.AssetCheckSeverity.WARN,
                    metadata={
                        "what": failure
                        or "\n".join(f"{r.delivery_id} ({r.outcome}): {r.message}" for r in unread)
                        or "rien"
                    },
                ),
                dg.AssetCheckResult(
                    check_name=on_time.name,
                    passed=not fresh.is_late,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"last": fresh.sentence()},
                ),
            ],
        )

    return _step(
        show,
        key=key,
        group_name="sources",
        description=f"{contract.title}. {contract.description}".strip(),
        kinds={"parquet", contract.files.shape},
        metadata={
            "contract": dg.MetadataValue.path(str(loaded.path)),
            "inbox": dg.MetadataValue.path(str(home.inbox / contract.source)),
            "entity": contract.entity,
            "expected_every_days": contract.expected_every_days or "unsaid",
        },
        check_specs=[readable, on_time],
    )


def participants_step(home: Home) -> Step:
    """Whose each landed row is, found again after the sources are landed."""

    def show(night: Told) -> Iterator[Shown]:
        matched = night.match()
        counts = {} if matched is None else vars(matched)
        yield dg.MaterializeResult(
            metadata={"summary": matching_sentence(matched), "seconds": night.seconds["match"], **counts}
        )

    return _step(
        show,
        key=PARTICIPANTS,
        deps=[source_key(source) for source in rooms.contracts(home)],
        group_name="identity",
        kinds={"parquet"},
        description="Which landed rows are one person, under a pseudonym of their programme year, with the evidence of each link.",
    )


def warehouse_step(home: Home, manifest: dict) -> Step:
    """The hand-over and all the models as one step that cannot be cut: a candidate is whole, or is not. `manifest`: dbt's, as a dict."""
    models = warehouse.models(manifest)
    landed = [source_key(source) for source in rooms.contracts(home)]
    specs = [
        dg.AssetSpec(
            HANDOVER,
            deps=[*landed, PARTICIPANTS],
            group_name="sources",
            kinds={"duckdb"},
            description="Schemas `landing` (rows of the deliveries in force, ledger, quarantine, explanations) and "
            "`reference`, in the file of a new candidate.",
        ),
        *(
            dg.AssetSpec(
                dg.AssetKey(model.name),
                deps=[
                    *(dg.AssetKey(name) for name in model.reads),
                    *([HANDOVER] if model.reads_landing or not model.reads else []),
                ],
                group_name=model.layer,
                kinds={"dbt", "duckdb", model.kind},
                description=model.description,
                metadata={"sql": dg.MetadataValue.path(str(home.dbt_project / model.path))},
            )
            for model in models
        ),
    ]

    def show(night: Told) -> Iterator[Shown]:
        candidate, built = night.build()
        yield dg.MaterializeResult(
            asset_key=HANDOVER,
            metadata={
                "candidate": dg.MetadataValue.path(str(candidate.directory)),
                "tests": built.tests,
                "seconds": night.seconds["build"],
            },
        )
        for model in models:
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey(model.name),
                metadata={
                    "dagster/row_count": built.rows.get(model.name, 0),
                    "seconds": round(built.seconds.get(model.name, 0.0), 3),
                },
            )

    @dg.multi_asset(
        name="build_warehouse",
        specs=specs,
        required_resource_keys={"night"},
        pool=POOL,
        description="Hands the landed rows over to a new candidate and builds it: whole, or thrown away whole.",
    )
    def build_warehouse(context: dg.AssetExecutionContext) -> Iterator[Shown]:
        yield from show(context.resources.night)

    return Step(build_warehouse, show)


def gate_steps(home: Home, manifest: dict) -> list[Step]:
    """`candidate`, `verdict`, `release`, and one asset check per expectation on the tables that the manifest knows."""
    names = [model.name for model in warehouse.models(manifest)]
    sealed = [name for name in names if name.startswith(("ind_", "ctl_", "dim_", "fct_", "bridge_"))]

    def show_candidate(night: Told) -> Iterator[Shown]:
        found, digest = night.seal()
        yield dg.MaterializeResult(
            metadata={
                "hash": digest,
                "directory": dg.MetadataValue.path(str(found.directory)),
                "seconds": night.seconds["seal"],
            }
        )

    candidate = _step(
        show_candidate,
        key=CANDIDATE,
        deps=[dg.AssetKey(name) for name in sealed],
        group_name="gate",
        kinds={"parquet", "json"},
        description="The tables of the warehouse as the bytes that would ship, listed and named by their hash.",
    )

    def show_verdict(night: Told) -> Iterator[Shown]:
        found, judged = night.audit()
        failed = [outcome for outcome in judged.outcomes if not outcome.holds]
        yield dg.MaterializeResult(
            metadata={
                "expectations": len(judged.outcomes),
                "not_satisfied": len(failed),
                "seconds": night.seconds["audit"],
                "candidate_hash": judged.candidate_hash,
                "verdict": dg.MetadataValue.path(str(found.verdict_file)),
            }
        )

    verdict = _step(
        show_verdict,
        key=VERDICT,
        deps=[CANDIDATE],
        group_name="gate",
        kinds={"greatexpectations"},
        description="What every expectation found on the candidate, bound to the hash of its bytes and of the suites.",
    )

    def show_release(night: Told) -> Iterator[Shown]:
        made = night.publish()
        yield dg.MaterializeResult(
            metadata={
                "summary": release_sentence(made),
                "release": made.number,
                "changed": made.changed,
                "seconds": night.seconds["publish"],
                "datasets": {name: status.status for name, status in sorted(made.datasets.items())},
                "portal": dg.MetadataValue.url((made.path / "public" / "index.html").as_uri()),
                "directory": dg.MetadataValue.path(str(made.path)),
            }
        )

    release = _step(
        show_release,
        key=RELEASE,
        deps=[VERDICT],
        group_name="publication",
        kinds={"html", "excel", "csv"},
        description="The immutable release that `releases/current` points to. Each dataset passes the gate inside "
        "`publish`, or keeps its last good version.",
    )

    checks = _expectation_checks(home, set(names))
    return [candidate, verdict, *([checks] if checks else []), release]


def check_name(expectation_id: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in expectation_id)


def _expectation_checks(home: Home, known: set[str]) -> Step | None:
    specs = [
        dg.AssetCheckSpec(
            check_name(expectation.id),
            asset=dg.AssetKey(suite.dataset),
            # after the audit: these checks show the verdict, they do not judge again
            additional_deps=[VERDICT],
            description=f"{expectation.why} {expectation.what_to_do}",
            metadata={"severity": expectation.severity},
        )
        for suite in rooms.suites(home)
        if suite.dataset in known
        for expectation in suite.expectations
    ]
    if not specs:
        return None

    def show(night: Told, keys: Collection[dg.AssetCheckKey] | None = None) -> Iterator[Shown]:
        _, verdict = night.verdict()
        outcomes = {(o.dataset, check_name(o.expectation_id)): o for o in verdict.outcomes}
        for key in [spec.key for spec in specs] if keys is None else keys:
            outcome = outcomes.get((key.asset_key.to_user_string(), key.name))
            if outcome is None:
                yield dg.AssetCheckResult(
                    asset_key=key.asset_key,
                    check_name=key.name,
                    passed=False,
                    severity=dg.AssetCheckSeverity.ERROR,
                    description="Ce contrôle n'a pas été exécuté.",
                )
                continue
            yield dg.AssetCheckResult(
                asset_key=key.asset_key,
                check_name=key.name,
                passed=outcome.holds,
                severity=dg.AssetCheckSeverity.ERROR if outcome.is_blocking else dg.AssetCheckSeverity.WARN,
                description=None if outcome.holds else outcome.sentence(),
                metadata={
                    "severity": outcome.severity,
                    "rows": outcome.rows,
                    "why": outcome.why,
                    "what_to_do": outcome.what_to_do,
                    "observed": outcome.error or outcome.observed,
                    "failing_keys": [dict(row) for row in outcome.failing_keys],
                },
            )

    @dg.multi_asset_check(
        name="expectations",
        specs=specs,
        required_resource_keys={"night"},
        can_subset=True,
        pool=POOL,
        description="Shows the verdict, expectation by expectation. The gate itself is inside `publish`.",
    )
    def expectations(context: dg.AssetCheckExecutionContext) -> Iterator[Shown]:
        night: Night = context.resources.night
        if not night.is_sealed():
            # planned with the tables of a selection that stops before the seal: not judged is not failed
            context.log.warning("Aucune version candidate n'est scellée : rien n'a été contrôlé.")
            return
        yield from show(night, context.selected_asset_check_keys)

    return Step(expectations, show)
