"""Scores of one network with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.evaluation._blocks import block_codes, block_sums, drawn_blocks, percentile_interval
from wellfit.evaluation._check import checked
from wellfit.evaluation._class_scores import wilson
from wellfit.evaluation._metrics import definitions, values
from wellfit.evaluation._sides import auc_error
from wellfit.records import Scored, Task

_NORMAL = 1.959964


def score_intervals(
    task: Task, target: ArrayLike, prediction: ArrayLike, *, groups: ArrayLike | None = None, seed: int = 0
) -> Mapping[str, Scored]:
    """Return every metric with its 95 % percentile interval, where that is cheap to know.

    Metrics that are functions of sums over rows have one, by drawing random blocks of rows; that of accuracy
    reaches at least as far as Wilson's. The area under the ROC curve of two classes has one by Hanley and
    McNeil, with every group of rows counted once. Others have none (NaN): the calibration error is pushed up
    by resampling, and areas need the rows sorted anew.

    Args:
        task: what kind of target there is.
        target: as in `evaluate`.
        prediction: as in `evaluate`.
        groups: ``[row]`` codes; rows of one group are drawn together.
        seed: of the resampling.

    Raises:
        DataError: the shapes or values do not fit together.

    Example:
        >>> found = score_intervals(Task.REGRESSION, [1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
        >>> found["mae"].value, found["mae"].low, found["mae"].high
        (1.0, 1.0, 1.0)

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993; Kleiner et al., A Scalable Bootstrap
        for Massive Data, 2014, for other ways to spare rows; Hanley and McNeil, The Meaning and Use of the
        Area under a ROC Curve, 1982.
    """
    truth, guess = checked(task, target, prediction)
    blocks = block_codes(len(truth), groups, seed)
    sizes = np.bincount(blocks).astype(np.float64)
    drawn = drawn_blocks(len(sizes), seed)
    every, total = np.ones((1, len(truth))), drawn @ sizes
    units = np.arange(len(truth)) if groups is None else np.asarray(groups)
    found: dict[str, Scored] = {}
    for name, one in definitions(task).items():
        value = float(values(one, truth, guess, every)[0])
        low, high = np.nan, np.nan
        if one.sums is not None and np.isfinite(value) and len(sizes) > 1:
            rows, combine = one.sums
            with np.errstate(all="ignore"):  # a resample without a class has no value
                sums = combine(drawn @ block_sums(blocks, rows(truth, guess)), total)
            low, high = percentile_interval(sums)
        low, high = _bounded(name, task, Scored(value=value, low=low, high=high), truth, units)
        found[name] = Scored(value=value, low=low, high=high)
    return found


def _bounded(
    name: str, task: Task, one: Scored, truth: NDArray[Any], units: NDArray[Any]
) -> tuple[float, float]:
    """Return the interval of a score that ends at 0 and 1; any other stays as it was drawn."""
    if not task.is_classification or not np.isfinite(one.value):
        return one.low, one.high
    if name == "roc_auc" and task is Task.BINARY:
        counts = (len(np.unique(units[truth == code])) for code in (1, 0))
        half = _NORMAL * auc_error(one.value, *counts)
        return max(one.value - half, 0.0), min(one.value + half, 1.0)
    if name == "accuracy":
        count = len(np.unique(units))
        ends = wilson(round(one.value * count), count)
        return float(np.fmin(one.low, ends[0])), float(np.fmax(one.high, ends[1]))
    # A perfect score is perfect in every resample: that says nothing of how sure it is.
    return (one.low, one.high) if one.low < one.high else (np.nan, np.nan)
