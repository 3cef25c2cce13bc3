"""Splits that train on the past and measure on what follows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wellfit.records import DataError, Dataset, IntArray, Split

_FIRST_START = 0.5


def time_holdout(dataset: Dataset, rows: IntArray, fraction: float) -> Split:
    """Return the latest `fraction` of `rows` as validation, what comes before as train."""
    times = np.sort(_times(dataset)[rows])
    start = _boundary(times, round((1 - fraction) * len(rows)))
    return _between(dataset, rows, times[start], np.inf)


def time_splits(
    dataset: Dataset, rows: IntArray, num_splits: int, fraction: float, rng: np.random.Generator
) -> tuple[Split, ...]:
    """Return splits whose validation windows begin between the middle of `rows` and their end.

    The windows are evenly spaced, moved by less than half their spacing so that other seeds give
    other splits; each holds about `fraction` of the rows. Training takes all that came before.
    """
    times = np.sort(_times(dataset)[rows])
    size = max(1, round(fraction * len(rows)))
    last = len(rows) - size
    first = min(round(_FIRST_START * len(rows)), last)
    starts = np.linspace(first, last, num_splits + 1)[1:] if num_splits > 1 else np.array([float(last)])
    spacing = (last - first) / num_splits
    splits: list[Split] = []
    for start in starts - rng.random() * spacing * (num_splits > 1):
        begin = _boundary(times, round(start))
        # At least the whole of the moment that it begins with, which may hold more rows than asked for.
        stop = max(begin + size, int(np.searchsorted(times, times[begin], side="right")))
        end = np.inf if stop >= len(times) else times[stop]
        splits.append(_between(dataset, rows, times[begin], end))
    return tuple(splits)


def _times(dataset: Dataset) -> NDArray[np.float64]:
    if dataset.time is None:
        raise ValueError("the data set has no time")
    return dataset.time


def _boundary(times: NDArray[np.float64], position: int) -> int:
    """Return the nearest position at which a new moment begins, so that no moment is cut in two."""
    begins = np.flatnonzero(np.diff(times) > 0) + 1
    if not len(begins):
        raise DataError(
            "the rows cannot be split by time.",
            received=f"one moment in all {len(times)} rows",
            expected="at least two different moments",
            fix="choose another time column, or leave it out",
        )
    return int(begins[np.argmin(np.abs(begins - position))])


def _between(dataset: Dataset, rows: IntArray, begin: float, end: float) -> Split:
    """Return rows before `begin` as train and rows up to `end` as validation, groups in validation only."""
    times = _times(dataset)[rows]
    is_validation = (times >= begin) & (times < end)
    is_train = times < begin
    if dataset.groups is not None:
        is_train &= ~np.isin(dataset.groups[rows], dataset.groups[rows[is_validation]])
    if not is_train.any() or not is_validation.any():
        raise DataError(
            "the rows cannot be split by time and group.",
            received="every group of the past comes again in the future",
            expected="groups that end before others begin",
            fix="leave out the groups or the time column",
        )
    return Split(train=np.sort(rows[is_train]), validation=np.sort(rows[is_validation]))
