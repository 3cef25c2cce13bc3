"""Columns of numbers, and of yes or no."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wellfit.data._cells import Numbers, is_text, read_numbers
from wellfit.data._column_traits import find_sentinels, number_identifier
from wellfit.data._inferred import Inferred
from wellfit.data._outliers import is_outlier
from wellfit.data._preparation import Preparation
from wellfit.records import CleaningStep, ColumnSchema, shorten


def number_column(column: pl.Series, numbers: Numbers, preparation: Preparation, kind: str) -> Inferred:
    """Return the schema of a column that was read as `numbers`; `kind` is what was asked for, or empty."""
    values = numbers.values
    steps = list(_number_steps(column, numbers))
    sentinels = find_sentinels(values[np.isfinite(values)]) if preparation.sentinels == "missing" else []
    for sentinel in sentinels:
        num_cells = int((values == sentinel).sum())
        action = f"sentinel {sentinel:g} read as missing"
        steps.append(
            CleaningStep(column=column.name, action=action, num_cells=num_cells, switch='sentinels="keep"')
        )
    values = np.where(np.isin(values, sentinels), np.nan, values)
    known = values[np.isfinite(values)]
    num_missing, unique = len(values) - len(known), np.unique(known)
    words = kind == "boolean" and is_text(column) and bool(read_numbers(column).wrong.any())
    schema = ColumnSchema(
        name=column.name,
        kind=kind or _number_kind(known, unique),
        reason="yes or no" if words else "numbers",
        num_missing=num_missing,
        num_unique=len(unique),
        details={"words": words, **_number_details(known, num_missing, sentinels, preparation)},
    )
    reason = _useless(column.name, known, unique, num_missing, asked=bool(kind))
    if reason:
        unused = "constant" if len(unique) < 2 else "identifier"
        schema = replace(schema, kind=unused, used=False, reason=reason)
    return Inferred(schema=schema, steps=tuple(steps))


def _number_steps(column: pl.Series, numbers: Numbers) -> tuple[CleaningStep, ...]:
    steps: tuple[CleaningStep, ...] = ()
    if numbers.num_infinite:
        steps += (
            CleaningStep(
                column=column.name, action="infinity read as missing", num_cells=numbers.num_infinite
            ),
        )
    num_wrong = int(numbers.wrong.sum())
    if num_wrong:
        shown = column.filter(pl.Series(numbers.wrong)).unique(maintain_order=True).head(4)
        action = f"cells that are not numbers read as missing: {shorten([str(cell) for cell in shown])}"
        switch = f'columns={{"{column.name}": "category"}}'
        steps += (CleaningStep(column=column.name, action=action, num_cells=num_wrong, switch=switch),)
    return steps


def _number_kind(known: NDArray[np.float64], unique: NDArray[np.float64]) -> str:
    if len(unique) == 2 and set(unique) == {0.0, 1.0}:
        return "boolean"
    return "integer" if len(known) and (known == np.floor(known)).all() else "numeric"


def _useless(
    name: str, known: NDArray[np.float64], unique: NDArray[np.float64], num_missing: int, *, asked: bool
) -> str:
    if not len(unique):
        return "every cell is missing"
    if len(unique) == 1 and num_missing == 0:
        return "the same value in every row"
    return "" if asked else number_identifier(name, known, num_missing)


def _number_details(
    known: NDArray[np.float64], num_missing: int, sentinels: list[float], preparation: Preparation
) -> dict[str, object]:
    num_rows = len(known) + num_missing
    often = num_missing >= max(1, 0.01 * num_rows)
    return {
        "sentinels": sentinels,
        "indicator": preparation.missing_indicator and (often or bool(sentinels)),
        "log": _wants_log(known, preparation),
        "offset": _offset(known),
    }


def _wants_log(known: NDArray[np.float64], preparation: Preparation) -> bool:
    if preparation.outliers not in ("log", "signed_log") or len(np.unique(known)) < 3:
        return False
    if preparation.outliers == "log" and known.min() < 0:
        return False
    return bool(is_outlier(known, preparation.outlier_rule, preparation.factor).any())


def _offset(known: NDArray[np.float64]) -> float:
    """Return what to subtract so that float32 can tell the values apart: 0 unless they are far from 0."""
    if not len(known):
        return 0.0
    middle, spread = float(np.median(known)), float(known.max() - known.min())
    return middle if abs(middle) > 1e4 * spread > 0 else 0.0
