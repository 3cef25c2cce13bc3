"""Where a network comes from: data, seed, versions, settings, scores."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

import numpy as np

from wellfit.records import Dataset, Report

_BLOCK = 4096


def data_digest(dataset: Dataset) -> str:
    """Return the SHA-256 of all rows as the study saw them, encoded and with their target.

    The same rows from another kind of file have the same.

    Args:
        dataset: all rows, in order.
    """
    digest = hashlib.sha256()
    for values in (*dataset.inputs, dataset.target):
        digest.update(f"{values.dtype.str}{values.shape[1:]}".encode())
        for start in range(0, len(values), _BLOCK):
            digest.update(np.ascontiguousarray(values[start : start + _BLOCK]).tobytes())
    return digest.hexdigest()


def provenance(report: Report, data_sha256: str) -> dict[str, Any]:
    """Return where the network comes from, as plain data.

    Args:
        report: of its study.
        data_sha256: from `data_digest`.
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
