"""References and what was found, as strict JSON; what is read is checked before it is used."""

# What JSON holds is not known before it is looked at, which is what this file does.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnnecessaryIsInstance=false

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import pairwise
from typing import Any, TypeVar

from wellfit.drift._drift import Drift
from wellfit.drift._losses import loss_names
from wellfit.drift._make import MOST_CLASSES, MOST_OUTPUTS
from wellfit.drift._reference import (
    MOST_BINS,
    MOST_LEVELS,
    NUM_BUCKETS,
    ColumnReference,
    PredictionReference,
    Reference,
    SureBin,
)
from wellfit.records import FileReadError, Scored, Task

VERSION = 1
DRIFT_SCHEMA = 1
_LONGEST_TEXT, _MOST_COLUMNS, _LARGEST_COUNT = 64_000_000, 20_000, 2**53
_MOST_SURE_BINS, _LONGEST_NAME = 100, 10_000

Item = TypeVar("Item")


def reference_json(reference: Reference) -> str:
    """Return a reference as JSON text; `reference_from_json` reads it back."""
    return json.dumps({"version": VERSION, **_plain(reference)}, allow_nan=False, separators=(",", ":"))


def drift_json(drift: Drift) -> dict[str, Any]:
    """Return what was found as plain values; what is not finite becomes None."""
    return {"schema": DRIFT_SCHEMA, **_plain(drift)}


def reference_from_json(text: str | bytes) -> Reference:
    """Return the reference that `reference_json` wrote.

    Every number is looked at: cuts rise, counts are whole and add up, and nothing is larger than what a
    study writes.

    Args:
        text: JSON, as text or as the bytes of its file.

    Raises:
        FileReadError: the text is no such reference.

    Example:
        >>> reference_from_json("[]")
        Traceback (most recent call last):
        ...
        wellfit.records._errors.FileReadError: this is not a reference for monitoring.
          Received: ValueError: expected an object, got a list
          Expected: the JSON text that a study wrote, version 1
          Fix: run the study again
    """
    try:
        if len(text) > _LONGEST_TEXT:
            raise ValueError(f"{len(text):,} characters, at most {_LONGEST_TEXT:,} are expected")
        return _reference(json.loads(text, parse_constant=_refuse_constant))
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise FileReadError(
            "this is not a reference for monitoring.",
            received=what,
            expected=f"the JSON text that a study wrote, version {VERSION}",
            fix="run the study again",
        ) from error


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _reference(values: Any) -> Reference:
    record = _object(values)
    if record["version"] != VERSION or isinstance(record["version"], bool):
        raise ValueError(f"version {record['version']!r}")
    task = Task(_text(record["task"]))
    classes = tuple(_list(record["class_names"], _text, _MOST_COLUMNS))
    if task.is_classification != bool(classes):
        raise ValueError(f"{len(classes)} classes of a {task} target")
    direction = _text(record["direction"])
    if direction not in ("minimize", "maximize"):
        raise ValueError(f"direction {direction!r}")
    said = record["predictions"]
    return Reference(
        task=task,
        class_names=classes,
        metric=_text(record["metric"]),
        direction=direction,
        score=_scored(record["score"]),
        chance=_number(record["chance"], may_lack=True),
        columns=_columns(record["columns"], _MOST_COLUMNS),
        predictions=None if said is None else _predictions(task, classes, said),
    )


def _columns(values: Any, most: int) -> tuple[ColumnReference, ...]:
    found = tuple(_list(values, _column, most))
    if len({one.name for one in found}) != len(found):
        raise ValueError("two columns of one name")
    return found


def _column(values: Any) -> ColumnReference:
    record = _object(values)
    kind = _text(record["kind"])
    if kind not in ("number", "date", "category"):
        raise ValueError(f"kind {kind!r}")
    is_category = kind == "category"
    most = MOST_LEVELS if record["levels"] else NUM_BUCKETS
    column = ColumnReference(
        name=_text(record["name"]),
        kind=kind,
        num_rows=_count(record["num_rows"]),
        num_missing=_count(record["num_missing"]),
        counts=tuple(_list(record["counts"], _count, most if is_category else MOST_BINS)),
        cuts=tuple(_list(record["cuts"], _number, MOST_BINS - 1)),
        least=_number(record["least"], may_lack=True),
        greatest=_number(record["greatest"], may_lack=True),
        levels=tuple(_list(record["levels"], _text, MOST_LEVELS)),
    )
    problem = _category_problem(column) if is_category else _number_problem(column)
    if sum(column.counts) + column.num_missing != column.num_rows:
        problem = "counts do not add up"
    if problem:
        raise ValueError(f"column {column.name!r}: {problem}")
    return column


def _number_problem(column: ColumnReference) -> str:
    if column.levels:
        return "numbers have no levels"
    if not column.counts:
        return "cuts without counts" if column.cuts else ""
    ends = (column.least, *column.cuts, column.greatest)
    if len(column.cuts) + 1 != len(column.counts):
        return "cuts do not fit the counts"
    if not all(a <= b for a, b in pairwise(ends)) or len(set(column.cuts)) < len(column.cuts):
        return "cuts do not rise from the least to the greatest"
    return ""


def _category_problem(column: ColumnReference) -> str:
    if column.cuts:
        return "a category has no cuts"
    if column.levels and len(column.levels) != len(column.counts):
        return "levels do not fit the counts"
    if not column.levels and len(column.counts) not in (0, NUM_BUCKETS):
        return "counts are of other buckets"
    if len(set(column.levels)) != len(column.levels):
        return "levels are not what they can be"
    return ""


def _predictions(task: Task, classes: tuple[str, ...], values: Any) -> PredictionReference:
    record = _object(values)
    sure = tuple(_list(record["sure"], lambda one: _sure_bin(task, one), _MOST_SURE_BINS))
    lows = [one.low for one in sure]
    if sorted(set(lows)) != lows or (lows and not task.is_classification):
        raise ValueError("bins of sureness do not rise")
    found = PredictionReference(
        num_rows=_count(record["num_rows"]),
        columns=_columns(record["columns"], max(MOST_CLASSES + 1, MOST_OUTPUTS)),
        sure=sure,
    )
    known = {f"probability of {name}" for name in classes} | {"predicted class", "predicted value"}
    known |= {f"output {place + 1}" for place in range(MOST_OUTPUTS)}
    for one in found.columns:
        if one.name not in known or one.num_rows != found.num_rows:
            raise ValueError(f"predictions of {one.name!r}")
    return found


def _sure_bin(task: Task, values: Any) -> SureBin:
    record = _object(values)
    num_rows = _count(record["num_rows"])
    means, variances = (
        {name: _number(_object(record[part])[name]) for name in loss_names(task)}
        for part in ("means", "variances")
    )
    if num_rows < 1 or min(variances.values()) < 0:
        raise ValueError("a bin of sureness without rows")
    return SureBin(low=_number(record["low"]), num_rows=num_rows, means=means, variances=variances)


def _scored(values: Any) -> Scored:
    record = _object(values)
    return Scored(**{name: _number(record[name], may_lack=True) for name in ("value", "low", "high")})


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, got a {type(value).__name__}")
    return value


def _list(values: Any, read: Callable[[Any], Item], most: int) -> list[Item]:
    if not isinstance(values, list):
        raise ValueError(f"expected a list, got a {type(values).__name__}")
    if len(values) > most:
        raise ValueError(f"a list of {len(values)}, at most {most} are expected")
    return [read(value) for value in values]


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_NAME:
        raise ValueError(f"expected a text, got a {type(value).__name__}")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST_COUNT:
        raise ValueError(f"expected a count, got {str(value)[:40]}")
    return value


def _number(value: Any, *, may_lack: bool = False) -> float:
    if value is None and may_lack:
        return math.nan
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"expected a number, got {str(value)[:40]}")
    return float(value)
