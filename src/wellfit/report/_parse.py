"""A report read back from `report.json`, so that it can be drawn again."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from wellfit.records import (
    CleaningStep,
    ColumnSchema,
    CurvePair,
    DataError,
    DataView,
    DrawnStrip,
    Effect,
    Evaluation,
    FileReadError,
    Finding,
    HoldoutResult,
    Metric,
    MoreData,
    PictureSheet,
    PictureStrip,
    Remedy,
    Report,
    Settings,
    Task,
    Thumbnail,
    Verdict,
)
from wellfit.report._json import SCHEMA
from wellfit.report._parse_nested import parse_nested

Json = Mapping[str, Any]
Record = TypeVar("Record")
_PLAIN_FIELDS = ("verdict_line", "partial", "command", "code", "members_trained", "num_rows")
_TEXT_TUPLES = ("class_names", "notes", "model_summary")
_MAPPINGS = ("environment", "options")


def read_json(path: str | Path) -> Report:
    """Read a `report.json` that `write_json` wrote.

    Raises:
        FileReadError: the file is missing or does not hold JSON.
        DataError: it holds JSON that is not a report of this schema.
    """
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileReadError(
            "cannot read the report",
            received=f"{path} ({error})",
            expected="the report.json of an output folder",
            fix="give the folder that 'wellfit improve' wrote",
        ) from error
    return from_json(values)


def from_json(values: object) -> Report:
    """Return the `Report` that `to_json` described.

    Unknown keys are left aside; None is NaN where a number is due.

    Args:
        values: what `to_json` returned or `json.load` read.

    Raises:
        DataError: `values` is not a report of schema 1, or a part of it is missing or of a wrong kind.

    Example:
        >>> from_json({"schema": 99})
        Traceback (most recent call last):
        ...
        wellfit.records._errors.DataError: this is not a report that can be read
          Received: schema 99
          Expected: schema 1
          Fix: use the version of wellfit that wrote it, or run the study again
    """
    if not isinstance(values, Mapping) or values.get("schema") != SCHEMA:
        received = (
            f"schema {values.get('schema')!r}" if isinstance(values, Mapping) else type(values).__name__
        )
        raise DataError(
            "this is not a report that can be read",
            received=received,
            expected=f"schema {SCHEMA}",
            fix="use the version of wellfit that wrote it, or run the study again",
        )
    try:
        return _report(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            "the report is damaged",
            received=f"{type(error).__name__}: {error}",
            expected="all parts of schema 1",
            fix="run the study again",
        ) from error


def _report(values: Json) -> Report:
    confusion = values.get("confusion")
    optional: dict[str, Any] = {name: values[name] for name in _PLAIN_FIELDS if name in values}
    optional |= {name: tuple(values[name]) for name in _TEXT_TUPLES if name in values}
    optional |= {name: dict(values[name]) for name in _MAPPINGS if name in values}
    return Report(
        task=Task(values["task"]),
        metric=parse_record(Metric, values["metric"]),
        verdict=Verdict(values["verdict"]),
        baseline=parse_record(Settings, values["baseline"]),
        chosen=parse_record(Settings, values["chosen"]),
        holdout=_holdout(values["holdout"]),
        more_data=_more_data(values.get("more_data")),
        pictures=_pictures(values.get("pictures")),
        remedies=tuple(_remedy(entry) for entry in values["remedies"]),
        findings=tuple(parse_finding(entry) for entry in values["findings"]),
        curves=tuple(parse_curves(entry) for entry in values.get("curves", ())),
        confusion=None if confusion is None else np.asarray(confusion, dtype=np.int32),
        columns=tuple(parse_record(ColumnSchema, entry) for entry in values.get("columns", ())),
        cleaning=tuple(parse_record(CleaningStep, entry) for entry in values.get("cleaning", ())),
        references=parse_numbers(values.get("references", {})),
        timing=parse_numbers(values.get("timing", {})),
        evaluation=_optional(Evaluation, values.get("evaluation")),
        data=_optional(DataView, values.get("data")),
        augmented=tuple(parse_record(PictureStrip, entry) for entry in values.get("augmented", ())),
        drawn=tuple(parse_record(DrawnStrip, entry) for entry in values.get("drawn", ())),
        **optional,
    )


def parse_record(kind: type[Record], values: Json) -> Record:
    """Build a flat record from the keys it knows; a later version may have written more."""
    names = {item.name for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in values.items() if name in names})


def _remedy(values: Json) -> Remedy:
    effect = values["effect"]
    return dataclasses.replace(
        parse_record(Remedy, values), effect=None if effect is None else parse_effect(effect)
    )


def parse_effect(values: Json) -> Effect:
    """Return an effect; None is NaN."""
    ends = {name: parse_float(values[name]) for name in ("estimate", "low", "high", "p_value")}
    return Effect(**ends, unit=values["unit"], num_pairs=values["num_pairs"])


def parse_finding(values: Json) -> Finding:
    """Return a finding; one written before families and effects existed has none."""
    family, effect = values.get("family"), values.get("effect")
    known = parse_record(Finding, values)
    return dataclasses.replace(
        known,
        confidence=parse_float(values["confidence"]),
        remedies=tuple(values["remedies"]),
        family=None if family is None else Verdict(family),
        effect=None if effect is None else parse_effect(effect),
    )


def _holdout(values: Json | None) -> HoldoutResult | None:
    if values is None:
        return None
    ends = {name: parse_float(values[name]) for name in ("difference", "low", "high")}
    return HoldoutResult(
        num_rows=values["num_rows"],
        baseline=parse_numbers(values["baseline"]),
        improved=parse_numbers(values["improved"]),
        references={name: parse_numbers(scores) for name, scores in values.get("references", {}).items()},
        **ends,
    )


def _optional(kind: type[Record], values: Json | None) -> Record | None:
    return None if values is None else parse_nested(kind, values)


def _more_data(values: Json | None) -> MoreData | None:
    if values is None:
        return None
    return MoreData(
        extra_rows=values["extra_rows"],
        estimate=parse_float(values["estimate"]),
        low=parse_float(values["low"]),
        high=parse_float(values["high"]),
        unit=values["unit"],
        sizes=tuple(values["sizes"]),
        losses=tuple(parse_float(loss) for loss in values["losses"]),
        num_rows=values.get("num_rows", 0),
        loss_now=parse_float(values.get("loss_now", 0.0)),
        fitted_sizes=tuple(values.get("fitted_sizes", ())),
        fitted_losses=tuple(parse_float(loss) for loss in values.get("fitted_losses", ())),
    )


def _pictures(values: Json | None) -> PictureSheet | None:
    if values is None:
        return None
    sheet = parse_record(PictureSheet, values)
    shown = {name: tuple(_thumbnail(one) for one in values[name]) for name in ("mistakes", "suspects")}
    return dataclasses.replace(sheet, **shown)


def _thumbnail(values: Json) -> Thumbnail:
    return dataclasses.replace(
        parse_record(Thumbnail, values),
        probability=parse_float(values["probability"]),
        probability_of_label=parse_float(values["probability_of_label"]),
        attention=tuple(tuple(row) for row in values["attention"]),
    )


def parse_curves(values: Json) -> CurvePair:
    """Return the curves of one network."""
    return CurvePair(
        name=values["name"],
        train_loss=_array(values["train_loss"]),
        validation_loss=_array(values["validation_loss"]),
        best_epoch=values["best_epoch"],
        penalty=_array(values.get("penalty", ())),
    )


def _array(values: Sequence[float | None]) -> np.ndarray:
    return np.asarray([parse_float(value) for value in values], dtype=np.float32)


def parse_numbers(values: Json) -> dict[str, float]:
    """Return names with numbers; None is NaN."""
    return {name: parse_float(value) for name, value in values.items()}


def parse_float(value: float | None) -> float:
    """Return a number; None is NaN."""
    return math.nan if value is None else float(value)
