"""QUALITE.json: every expectation and its outcome, beside what became of each dataset.

Belongs here: laying out the verdict. Does not belong here: judging. Outcomes hold keys, counts and sentences only;
no value of a source is ever in them. Of the report on secrecy it tells what anybody may read.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict

from expectations import Outcome, Verdict
from publication import disclosure as secrecy
from publication.shelf import DatasetStatus


def document(
    verdict: Verdict, datasets: Mapping[str, DatasetStatus], disclosure: Mapping[str, dict] | None = None
) -> dict:
    """QUALITE.json as a dict: by dataset, what became of it and every outcome; `disclosure`: the report on its secrecy."""
    return {
        "candidate_hash": verdict.candidate_hash,
        "suites_hash": verdict.suites_hash,
        "audited_at": verdict.audited_at,
        "datasets": {
            name: {
                "status": entry.status,
                "from_release": entry.from_release,
                "reasons": list(entry.reasons),
                "reserves": list(entry.reserves),
                **(
                    {"disclosure": secrecy.report_as_printed(disclosure[name])}
                    if disclosure and name in disclosure
                    else {}
                ),
                "expectations": [outcome_record(outcome) for outcome in verdict.of(name)],
            }
            for name, entry in sorted(datasets.items())
        },
    }


def outcome_record(outcome: Outcome) -> dict:
    return {**asdict(outcome), "holds": outcome.holds}


def write(verdict: Verdict, datasets: Mapping[str, DatasetStatus], disclosure: Mapping[str, dict] | None = None) -> str:
    return json.dumps(document(verdict, datasets, disclosure), ensure_ascii=False, indent=1, default=str) + "\n"
