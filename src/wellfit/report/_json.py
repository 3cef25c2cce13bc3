"""A report as strict JSON: `report.json`, schema 1."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import numpy as np

from wellfit.files import write_text
from wellfit.records import Report

SCHEMA = 1


def to_json(report: Report) -> dict[str, object]:
    """Return `report` in the contract of `report.json`: plain values only, NaN and infinities as None.

    Durations appear under ``timing`` alone, so two runs with the same seed differ there and nowhere else.

    Args:
        report: what a study found.

    Returns:
        A dictionary that ``json.dumps(..., allow_nan=False)`` accepts; `from_json` reads it back.
    """
    return {
        "schema": SCHEMA,
        "task": report.task.value,
        "metric": {"name": report.metric.name, "direction": report.metric.direction},
        "verdict": report.verdict.value,
        "verdict_line": report.verdict_line,
        "partial": report.partial,
        "findings": [plain_value(finding) for finding in report.findings],
        "remedies": [plain_value(remedy) for remedy in report.remedies],
        "baseline": plain_value(report.baseline),
        "chosen": plain_value(report.chosen),
        "holdout": plain_value(report.holdout),
        "more_data": plain_value(report.more_data),
        "pictures": plain_value(report.pictures),
        "references": plain_value(report.references),
        "curves": [plain_value(pair) for pair in report.curves],
        "confusion": plain_value(report.confusion),
        "class_names": list(report.class_names),
        "num_rows": report.num_rows,
        "columns": [plain_value(column) for column in report.columns],
        "cleaning": [plain_value(step) for step in report.cleaning],
        "notes": list(report.notes),
        "model_summary": list(report.model_summary),
        "command": report.command,
        "code": report.code,
        "options": plain_value(report.options),
        "members_trained": report.members_trained,
        "timing": plain_value(report.timing),
        "environment": plain_value(report.environment),
        "augmented": [plain_value(strip) for strip in report.augmented],
        "evaluation": plain_value(report.evaluation),
        "data": plain_value(report.data),
        "drawn": [plain_value(strip) for strip in report.drawn],
    }


def write_json(report: Report, path: str | Path) -> None:
    """Write `to_json` to `path`, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    text = json.dumps(to_json(report), indent=2, allow_nan=False, ensure_ascii=False)
    # A lone surrogate in a column name has no UTF-8 form; its backslash form is a valid JSON escape.
    write_text(path, text + "\n", errors="backslashreplace")


def plain_value(value: object) -> object:
    """Return `value` built of dict, list, str, int, float, bool and None; what is not finite becomes None.

    Example:
        >>> plain_value({"a": np.float32(0.5), 2: (float("nan"), None)})
        {'a': 0.5, '2': [None, None]}
    """
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, (np.ndarray, np.generic)):
        return plain_value(value.tolist())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # Not `asdict`: it deep-copies, which a read-only mapping refuses.
        return {field.name: plain_value(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain_value(name)): plain_value(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
