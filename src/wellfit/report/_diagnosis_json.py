"""A diagnosis as strict JSON in the contract of `report.json`, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from wellfit.files import write_text
from wellfit.records import DataError, Diagnosis
from wellfit.report._json import SCHEMA, plain_value
from wellfit.report._parse_nested import parse_nested


def diagnosis_json(diagnosis: Diagnosis) -> dict[str, object]:
    """Return `diagnosis` with the keys of `report.json`: plain values only, NaN and infinities as None.

    A diagnosis tries no remedy on a holdout, so ``remedies`` is empty and ``chosen`` and ``holdout`` are
    None; ``task`` and ``metric`` are None where only curves were given. Durations appear under ``timing``
    alone.

    Args:
        diagnosis: what `wellfit.diagnose` returned.

    Returns:
        A dictionary that ``json.dumps(..., allow_nan=False)`` accepts; `diagnosis_from_json` reads it back.

    Example:
        >>> from wellfit.records import Verdict
        >>> found = Diagnosis(verdict=Verdict.HEALTHY, verdict_line="It is fine.", confidence=0.9)
        >>> diagnosis_json(found)["verdict"]
        'healthy'
    """
    return {
        "schema": SCHEMA,
        "task": plain_value(diagnosis.task),
        "metric": plain_value(diagnosis.metric),
        "verdict": diagnosis.verdict.value,
        "verdict_line": diagnosis.verdict_line,
        "confidence": plain_value(diagnosis.confidence),
        "findings": plain_value(diagnosis.findings),
        "examined": plain_value(diagnosis.examined),
        "unknown": list(diagnosis.unknown),
        "remedies": [],
        "chosen": None,
        "holdout": None,
        "numbers": plain_value(diagnosis.numbers),
        "effects": plain_value(diagnosis.effects),
        "curves": plain_value(diagnosis.curves),
        "notes": list(diagnosis.notes),
        "command": diagnosis.command,
        "members_trained": diagnosis.members_trained,
        "timing": plain_value(diagnosis.timing),
        "environment": plain_value(diagnosis.environment),
    }


def write_diagnosis_json(diagnosis: Diagnosis, path: str | Path) -> None:
    """Write `diagnosis_json` to `path`, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    text = json.dumps(diagnosis_json(diagnosis), indent=2, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n", errors="backslashreplace")


def diagnosis_from_json(values: object) -> Diagnosis:
    """Return the `Diagnosis` that `diagnosis_json` described.

    Unknown keys are left aside; None is NaN where a number is due.

    Args:
        values: what `diagnosis_json` returned or `json.load` read.

    Raises:
        DataError: `values` is not a diagnosis of schema 1, or a part of it is missing or of a wrong kind.

    Example:
        >>> from wellfit.records import Verdict
        >>> found = Diagnosis(verdict=Verdict.HEALTHY, verdict_line="It is fine.", confidence=0.9)
        >>> diagnosis_from_json(diagnosis_json(found)).confidence
        0.9
    """
    if not isinstance(values, Mapping) or values.get("schema") != SCHEMA or "examined" not in values:
        raise DataError(
            "this is not a diagnosis that can be read",
            received=_what(values),
            expected=f"schema {SCHEMA}, as 'wellfit diagnose --json FILE' writes it",
            fix="use the version of wellfit that wrote it, or run the diagnosis again",
        )
    try:
        return parse_nested(Diagnosis, values)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(
            "the diagnosis is damaged",
            received=f"{type(error).__name__}: {error}",
            expected=f"all parts of schema {SCHEMA}",
            fix="run the diagnosis again",
        ) from error


def _what(values: object) -> str:
    if not isinstance(values, Mapping):
        return type(values).__name__
    schema = f"schema {values.get('schema')!r}"
    return schema if "examined" in values else f"{schema}, without what was examined"
