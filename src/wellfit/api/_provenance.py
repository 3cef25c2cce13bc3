"""Where a network comes from: data, seed, versions, settings, scores."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from wellfit.records import Report


def provenance(report: Report, data_sha256: str) -> dict[str, Any]:
    """Return where the network comes from, as plain data.

    Args:
        report: of its study.
        data_sha256: from `_fingerprint.data_digest`.
    """
    scores = report.evaluation.scores if report.evaluation is not None else {}
    return {
        "data": {"num_rows": report.num_rows, "sha256": data_sha256},
        "command": report.command,
        "environment": dict(report.environment),
        "options": dict(report.options),
        "settings": {"baseline": asdict(report.baseline), "chosen": asdict(report.chosen)},
        "members_trained": report.members_trained,
        "metric": asdict(report.metric),
        "holdout": {
            "num_rows": report.holdout.num_rows if report.holdout is not None else 0,
            "scores": {name: asdict(one) for name, one in scores.items()},
        },
        "partial": report.partial,
    }
