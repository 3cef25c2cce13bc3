"""Columns in few counts: a histogram or bars, and how much of the target goes with them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data import ReadableColumn, is_outlier
from wellfit.evaluation._check import Float64Array
from wellfit.evaluation._residuals import histogram
from wellfit.evaluation._row_groups import binned
from wellfit.records import ColumnView, Task

MOST_BARS = 12
_RELATION_BINS = 10
_OUTLIER_FACTOR = 1.5
_LOOKED_AT = 500


def column_view(column: ReadableColumn, relation: float = 0.0) -> ColumnView:
    """Return a column as counts: at most 12 bars, or a histogram of at most 20 bins.

    Numbers of which at most 12 differ have a bar each.

    Example:
        >>> view = column_view(ReadableColumn(name="n", kind="integer", numbers=np.array([1.0, 1.0, 2.0])))
        >>> view.labels, view.counts
        (('1', '2'), (2, 1))
    """
    if column.numbers is None:
        assert column.codes is not None
        return _bars(column, relation)
    known = column.numbers[np.isfinite(column.numbers)]
    facts: dict[str, Any] = {
        "name": column.name,
        "kind": column.kind,
        "num_missing": len(column.numbers) - len(known),
        "relation": round(relation, 4),
    }
    if not len(known):
        return ColumnView(**facts)
    facts |= {
        "num_outliers": int(is_outlier(known, "iqr", _OUTLIER_FACTOR).sum()),
        "smallest": float(f"{known.min():.6g}"),
        "median": float(f"{np.median(known):.6g}"),
        "largest": float(f"{known.max():.6g}"),
    }
    # A look at some rows spares the sort of a column of measurements.
    is_coarse = len(np.unique(known[:_LOOKED_AT])) <= MOST_BARS
    values, counts = np.unique(known if is_coarse else known[:0], return_counts=True)
    if is_coarse and len(values) <= MOST_BARS:
        labels = tuple(f"{value:.6g}" for value in values)
        return ColumnView(**facts, labels=labels, counts=tuple(int(count) for count in counts))
    edges, found = histogram(known)
    return ColumnView(**facts, edges=edges, counts=found)


def _bars(column: ReadableColumn, relation: float) -> ColumnView:
    codes = column.codes
    assert codes is not None
    counts = np.bincount(codes[codes >= 0], minlength=len(column.labels))
    order = np.arange(len(counts)) if column.kind == "ordinal" else np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    shown = order[:MOST_BARS]
    return ColumnView(
        name=column.name,
        kind=column.kind,
        num_missing=int((codes < 0).sum()),
        labels=tuple(column.labels[int(code)] for code in shown.tolist()),
        counts=tuple(int(counts[code]) for code in shown),
        num_other=int(counts[order[MOST_BARS:]].sum()),
        relation=round(relation, 4),
    )


def relation(column: ReadableColumn, target: NDArray[Any], task: Task) -> float:
    """Return the share of the target's variance that lies between bins of a column, by itself, from 0 to 1.

    Bins are tenths of numbers, categories, and missing cells; of a class target the variances of the classes'
    indicators are added up, of values that of the ranks is taken. What bins would explain by chance is taken
    off, as adjusted R squared does.

    Example:
        >>> column = ReadableColumn(name="x", kind="category", codes=np.arange(100) % 2, labels=("a", "b"))
        >>> relation(column, np.arange(100) % 2, Task.BINARY)
        1.0
    """
    codes = binned(column.numbers, _RELATION_BINS)[0] if column.numbers is not None else column.codes
    assert codes is not None
    bins = np.unique(codes, return_inverse=True)[1].reshape(-1)
    num_rows, num_bins = len(bins), int(bins.max(initial=-1)) + 1
    if num_rows - num_bins < 1:
        return 0.0
    wanted = _indicators(target, task)
    wanted = wanted - wanted.mean(axis=0)
    total = float(np.square(wanted).sum())
    if total <= 0:
        return 0.0
    count = np.bincount(bins)
    between = sum(float((np.bincount(bins, weights=column_) ** 2 / count).sum()) for column_ in wanted.T)
    left = (1 - between / total) * (num_rows - 1) / (num_rows - num_bins)
    return float(np.clip(1 - left, 0.0, 1.0))


def _indicators(target: NDArray[Any], task: Task) -> Float64Array:
    if task.is_classification:
        return np.eye(int(target.max(initial=0)) + 1)[target.astype(np.intp)]
    values = target.reshape(len(target), -1)[:, 0]
    return np.unique(values, return_inverse=True)[1].reshape(-1, 1).astype(np.float64)
