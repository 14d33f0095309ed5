"""The steps of a night as Dagster assets: what each one leaves behind, and what is worth seeing of it.

Belongs here: the shape of the graph (read from the contracts, dbt's manifest and the suites: nothing is named here)
and the metadata. Does not belong here: the steps (`night.py`), the gate (`publication.publish`): nothing shown here
decides anything.

    sources/<source>  →  participants  →  handover + one asset per dbt model (one step: a candidate is whole or is not)
                      →  candidate  →  verdict  →  release
    one asset check per expectation, on its `ind_*` table, filled from the verdict

Steps and seconds are those of the night (`night.seconds`): when the command runs it, Dagster only writes down (`historian.py`).

Any selection is safe. A source alone is landed, and waits for the next night. A part of the warehouse is refused by
Dagster, since its step cannot be cut. `candidate`, `verdict`, `release` alone work on the newest candidate that got
far enough, and `release` publishes nothing that was not audited on exactly these bytes.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration import rooms, warehouse
from orchestration.freshness import freshness
from orchestration.home import Home, Settings
from orchestration.night import Night, StructureFailed, delivery_sentence, matching_sentence, release_sentence

POOL = "warehouse_writer"
PARTICIPANTS, HANDOVER, CANDIDATE, VERDICT, RELEASE = (
    dg.AssetKey(name) for name in ("participants", "handover", "candidate", "verdict", "release")
)
COUNTS = ("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "rows_structure")


def night_resource(home: Home, settings: Settings) -> dg.ResourceDefinition:
    """One `Night` per run, holding the lock from the first step of the run to its last."""

    @dg.resource
    def night(context: dg.InitResourceContext) -> Iterator[Night]:
        with Night(home, settings, context.run.run_id).under_lock() as held:
            yield held

    return night


def source_key(source: str) -> dg.AssetKey:
    return dg.AssetKey(["sources", source])


def source_assets(home: Home) -> list[dg.AssetsDefinition]:
    return [_source_asset(home, loaded) for loaded in rooms.contracts(home).values()]


def _source_asset(home: Home, loaded: Any) -> dg.AssetsDefinition:
    contract = loaded.contract
    key = source_key(contract.source)
    readable = dg.AssetCheckSpec(
        "deliveries_readable", asset=key, description="Toutes les livraisons ont pu être lues."
    )
    on_time = dg.AssetCheckSpec("on_time", asset=key, description="La dernière livraison n'est pas en retard.")

    @dg.asset(
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
        required_resource_keys={"night"},
        pool=POOL,
    )
    def land(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        night: Night = context.resources.night
        reports, failure = [], ""
        try:
            reports = night.deliver(contract.source)
        except StructureFailed as error:
            # told as a failed check: a raised error would keep the other sources from being published
            failure = str(error)
        unread = [report for report in reports if report.outcome != "accepted"]
        fresh = freshness(home, {contract.source: loaded}, night.now)[0]
        return dg.MaterializeResult(
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

    return land


def participants_asset(home: Home) -> dg.AssetsDefinition:
    @dg.asset(
        key=PARTICIPANTS,
        deps=[source_key(source) for source in rooms.contracts(home)],
        group_name="identity",
        kinds={"parquet"},
        description="Which landed rows are one person, under a pseudonym of their programme year, with the evidence of each link.",
        required_resource_keys={"night"},
        pool=POOL,
    )
    def participants(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        night: Night = context.resources.night
        matched = night.match()
        counts = {} if matched is None else {name: count for name, count in vars(matched).items()}
        return dg.MaterializeResult(
            metadata={"summary": matching_sentence(matched), "seconds": night.seconds["match"], **counts}
        )

    return participants


def warehouse_asset(home: Home, manifest: dict) -> dg.AssetsDefinition:
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

    @dg.multi_asset(
        name="build_warehouse",
        specs=specs,
        required_resource_keys={"night"},
        pool=POOL,
        description="Hands the landed rows over to a new candidate and builds it: whole, or thrown away whole.",
    )
    def build_warehouse(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        night: Night = context.resources.night
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

    return build_warehouse


def gate_assets(home: Home, manifest: dict) -> list[Any]:
    """`candidate`, `verdict`, `release`, and one asset check per expectation on the tables that the manifest knows."""
    names = [model.name for model in warehouse.models(manifest)]
    sealed = [name for name in names if name.startswith(("ind_", "ctl_", "dim_", "fct_", "bridge_"))]

    @dg.asset(
        key=CANDIDATE,
        deps=[dg.AssetKey(name) for name in sealed],
        group_name="gate",
        kinds={"parquet", "json"},
        description="The tables of the warehouse as the bytes that would ship, listed and named by their hash.",
        required_resource_keys={"night"},
        pool=POOL,
    )
    def candidate(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        night: Night = context.resources.night
        found, digest = night.seal()
        return dg.MaterializeResult(
            metadata={
                "hash": digest,
                "directory": dg.MetadataValue.path(str(found.directory)),
                "seconds": night.seconds["seal"],
            }
        )

    @dg.asset(
        key=VERDICT,
        deps=[CANDIDATE],
        group_name="gate",
        kinds={"greatexpectations"},
        description="What every expectation found on the candidate, bound to the hash of its bytes and of the suites.",
        required_resource_keys={"night"},
        pool=POOL,
    )
    def verdict(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        night: Night = context.resources.night
        found, judged = night.audit()
        failed = [outcome for outcome in judged.outcomes if not outcome.holds]
        return dg.MaterializeResult(
            metadata={
                "expectations": len(judged.outcomes),
                "not_satisfied": len(failed),
                "seconds": night.seconds["audit"],
                "candidate_hash": judged.candidate_hash,
                "verdict": dg.MetadataValue.path(str(found.verdict_file)),
            }
        )

    @dg.asset(
        key=RELEASE,
        deps=[VERDICT],
        group_name="publication",
        kinds={"html", "excel", "csv"},
        description="The immutable release that `releases/current` points to. Each dataset passes the gate inside "
        "`publish`, or keeps its last good version.",
        required_resource_keys={"night"},
        pool=POOL,
    )
    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        night: Night = context.resources.night
        made = night.publish()
        return dg.MaterializeResult(
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

    checks = _expectation_checks(home, set(names))
    return [candidate, verdict, release, *([checks] if checks else [])]


def check_name(expectation_id: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in expectation_id)


def _expectation_checks(home: Home, known: set[str]) -> dg.AssetChecksDefinition | None:
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

    @dg.multi_asset_check(
        name="expectations",
        specs=specs,
        required_resource_keys={"night"},
        can_subset=True,
        pool=POOL,
        description="Shows the verdict, expectation by expectation. The gate itself is inside `publish`.",
    )
    def expectations(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        if not context.resources.night.is_sealed():
            # planned with the tables of a selection that stops before the seal: not judged is not failed
            context.log.warning("Aucune version candidate n'est scellée : rien n'a été contrôlé.")
            return
        _, verdict = context.resources.night.verdict()
        outcomes = {(o.dataset, check_name(o.expectation_id)): o for o in verdict.outcomes}
        for key in context.selected_asset_check_keys:
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
            grave = outcome.severity == "bloquant" or bool(outcome.error)
            yield dg.AssetCheckResult(
                asset_key=key.asset_key,
                check_name=key.name,
                passed=outcome.holds,
                severity=dg.AssetCheckSeverity.ERROR if grave else dg.AssetCheckSeverity.WARN,
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

    return expectations
