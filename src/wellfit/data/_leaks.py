"""Columns that tell the target alone: perhaps known only after the outcome."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wellfit.data._cells import read_labels, read_numbers
from wellfit.data._encoder import Encoder
from wellfit.data._table import Table
from wellfit.data._target import target_values
from wellfit.records import CleaningStep, Task

_MAX_VALUES = 50


def leak_steps(encoder: Encoder, table: Table) -> tuple[CleaningStep, ...]:
    """Return a warning for each used column that gives the target away in every row; nothing is dropped.

    For classes: each value of the column goes with one class only (columns with at most 50 different
    values, each in five rows or more on average). For numbers: the column is the target, or a
    linear function of it.
    """
    values, known = target_values(encoder.target, table)
    steps: list[CleaningStep] = []
    for schema in encoder.used_columns:
        column = table.frame[schema.name]
        if encoder.target.task is Task.REGRESSION:
            tells = "sentinels" in schema.details and _is_linear(column, values[:, 0], known, table.decimal)
        else:
            few = 2 <= schema.num_unique <= _MAX_VALUES
            tells = few and _determines(read_labels(column), values, known)
        if tells:
            action = (
                "tells the target alone in every row: is it known before the outcome? It was not left out"
            )
            switch = f'columns={{"{schema.name}": "drop"}}'
            steps.append(
                CleaningStep(column=schema.name, action=action, num_cells=table.num_rows, switch=switch)
            )
    return tuple(steps)


def _determines(labels: pl.Series, codes: NDArray[np.generic], known: NDArray[np.bool_]) -> bool:
    frame = pl.DataFrame({"value": labels, "code": codes}).filter(pl.Series(known)).drop_nulls()
    # A column that is mostly missing tells little, whatever its few values say.
    if frame.height < 0.5 * len(labels):
        return False
    num_values = frame["value"].n_unique()
    if not 2 <= num_values <= min(_MAX_VALUES, frame.height // 5) or frame["code"].n_unique() < 2:
        return False
    return frame.unique().height == num_values


def _is_linear(
    column: pl.Series, target: NDArray[np.generic], known: NDArray[np.bool_], decimal: str
) -> bool:
    values = read_numbers(column, decimal).values
    both = np.isfinite(values) & known
    if both.sum() < 10 or both.sum() < 0.5 * len(values):
        return False
    x, y = values[both], target[both].astype(np.float64)
    if x.std() == 0 or y.std() == 0:
        return False
    return abs(float(np.corrcoef(x, y)[0, 1])) > 1 - 1e-9
