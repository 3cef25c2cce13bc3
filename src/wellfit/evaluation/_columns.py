"""Columns by themselves: what each explains of the target, and which are rare or out of scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.evaluation._check import Float64Array
from wellfit.records import Task

_NUM_BINS = 24
_BIN_ROWS = 25
RARE_SHARE = 0.06
"""A column is rare where fewer rows than this differ from its most frequent value."""
_MOST_COLUMNS = 0.6
"""Share of columns that must be moved for the preparation, rather than the rows, to be other."""
_MIN_UNIQUE = 0.97
"""A column names rows where this share of its whole numbers occurs once."""


def column_skills(x: ArrayLike, y: ArrayLike, task: Task, num_classes: int = 0) -> Float64Array:
    """Return ``[feature]`` how much of the target each column explains by itself, from 0 to 1.

    The column is cut into at most 24 bins of equal counts; the share is that of the chance loss (log loss, or
    squared error) that goes when the target's mean of the bin is predicted. Odd rows are predicted from even
    ones.

    Args:
        x: ``[row, feature]``; NaN makes a bin of its own.
        y: ``[row]`` class codes, or ``[row, output]`` values, of which the first is used.
        task: what kind of target there is.
        num_classes: of the target.

    Example:
        >>> x = np.stack([np.arange(200.0), np.arange(200.0) % 7], axis=1)
        >>> skills = column_skills(x, (x[:, 0] > 99).astype(int), Task.BINARY, 2)
        >>> bool(skills[0] > 0.8), bool(skills[1] < 0.2)
        (True, True)
    """
    inputs, target = np.asarray(x, np.float64), np.asarray(y)
    if task.is_classification:
        wanted = np.eye(max(num_classes, 2))[target.astype(np.intp)]
    else:
        wanted = target.reshape(len(target), -1)[:, :1].astype(np.float64)
    return np.array([_skill(inputs[:, i], wanted, task) for i in range(inputs.shape[1])])


def rare_columns(x: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the columns that few rows tell from a constant, and those whose whole numbers name each row.

    Example:
        >>> x = np.stack([np.arange(100.0), np.eye(100)[0], np.arange(100) % 5], axis=1)
        >>> [found.tolist() for found in rare_columns(x)]
        [[1], [0]]
    """
    inputs = np.asarray(x, np.float64)
    rare, names = list[int](), list[int]()
    for i in range(inputs.shape[1]):
        column: Float64Array = inputs[:, i]
        known = column[np.isfinite(column)]
        values, counts = np.unique(known, return_counts=True)
        if len(values) < 2:
            continue
        if 1 - counts.max() / len(known) < RARE_SHARE:
            rare.append(i)
        elif np.all(known == np.round(known)) and len(values) >= _MIN_UNIQUE * len(known) and len(known) > 30:
            names.append(i)
    return np.array(rare, np.intp), np.array(names, np.intp)


def column_scale(x: ArrayLike) -> Float64Array:
    """Return ``[feature]`` how far each column is from mean 0 and deviation 1, as a factor of at least 1.

    Example:
        >>> column_scale([[0.0, 1000.0], [2.0, 3000.0]]).round().tolist()
        [1.0, 2000.0]
    """
    inputs = np.asarray(x, np.float64)
    inputs = np.where(np.isnan(inputs).all(axis=0), 0.0, inputs)
    with np.errstate(all="ignore"):
        center, deviation = np.nanmean(inputs, axis=0), np.nanstd(inputs, axis=0)
    varies = np.isfinite(deviation) & (deviation > 0)
    deviation = np.where(varies, deviation, 1.0)
    size = np.maximum(np.abs(np.nan_to_num(center)), deviation)
    return np.where(varies, np.maximum(np.maximum(size, 1.0), 1.0 / np.maximum(deviation, 1e-12)), 1.0)


def mismatched_columns(train: ArrayLike, rows: ArrayLike) -> NDArray[np.intp]:
    """Return the columns that two sets of rows give in different units or with different offsets.

    A column counts where its middle half is at least 2.5 times as wide on one side, or its median lies beyond
    nearly all of the other side's values. Where most columns are moved or stretched by less, but surely, all
    of these count: rows that are merely other rows differ in a few columns. Columns with few values are
    passed over.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> rows = rng.normal(size=(200, 2))
        >>> mismatched_columns(rows, rng.normal(size=(100, 2)) * [1.0, 10.0]).tolist()
        [1]
    """
    first, second = np.asarray(train, np.float64), np.asarray(rows, np.float64)
    sure, likely, usable = list[int](), list[int](), 0
    for i in range(first.shape[1]):
        one, two = first[np.isfinite(first[:, i]), i], second[np.isfinite(second[:, i]), i]
        if len(np.unique(one)) < 2 or len(two) < 8:
            continue
        usable += 1
        if len(np.unique(one)) >= 5 and _is_other_unit(one, two):
            sure.append(i)
        if _is_moved(one, two):
            likely.append(i)
    everywhere = len(likely) >= max(2, _MOST_COLUMNS * usable)
    return np.array(sorted({*sure, *likely}) if everywhere else sure, np.intp)


def _is_other_unit(one: Float64Array, two: Float64Array) -> bool:
    low, high = np.quantile(one, [0.25, 0.75])
    other_low, other_middle, other_high = np.quantile(two, [0.25, 0.5, 0.75])
    width, other_width = high - low, other_high - other_low
    edges = np.quantile(one, [0.02, 0.98])
    is_stretched = width > 0 and not 1 / 2.5 <= other_width / width <= 2.5
    return bool(is_stretched or other_middle < edges[0] or other_middle > edges[1])


def _is_moved(one: Float64Array, two: Float64Array) -> bool:
    """Whether means differ by half a deviation, or deviations by half, beyond chance."""
    deviation, other = float(one.std()), float(two.std())
    error = np.sqrt(deviation**2 / len(one) + other**2 / len(two))
    moved = abs(float(one.mean() - two.mean()))
    ratio = max(other, 1e-12) / max(deviation, 1e-12)
    is_stretched = not 1 / 1.5 <= ratio <= 1.5 and len(two) >= 30
    return bool((moved > 0.5 * deviation and moved > 4 * error) or is_stretched)


def matched(train: ArrayLike, rows: ArrayLike, columns: NDArray[np.intp]) -> Float64Array:
    """Return `rows` with the mean and deviation of the given columns made those of the training rows.

    Example:
        >>> matched([[0.0], [2.0]], [[10.0], [30.0]], np.array([0])).tolist()
        [[0.0], [2.0]]
    """
    first, second = np.asarray(train, np.float64), np.array(rows, np.float64)
    for i in columns:
        deviation = np.nanstd(second[:, i])
        shifted = second[:, i] - np.nanmean(second[:, i])
        second[:, i] = shifted * (np.nanstd(first[:, i]) / deviation if deviation > 0 else 1.0)
        second[:, i] += np.nanmean(first[:, i])
    return second


def _skill(column: Float64Array, wanted: Float64Array, task: Task) -> float:
    known = column[np.isfinite(column)]
    if len(known) < 8:
        return 0.0
    num_bins = int(np.clip(len(known) // _BIN_ROWS, 4, _NUM_BINS))
    edges = np.unique(np.quantile(known, np.linspace(0, 1, num_bins + 1)[1:-1]))
    bins = np.where(np.isfinite(column), np.searchsorted(edges, column, side="right"), len(edges) + 1)
    even, odd = np.arange(len(column)) % 2 == 0, np.arange(len(column)) % 2 == 1
    prior = wanted[even].mean(axis=0)
    sums = np.zeros((len(edges) + 2, wanted.shape[1]))
    counts = np.zeros(len(edges) + 2)
    np.add.at(sums, bins[even], wanted[even])
    np.add.at(counts, bins[even], 1.0)
    guess = ((sums + prior) / (counts + 1)[:, None])[bins[odd]]
    truth = wanted[odd]
    if task.is_classification:
        chance = -(truth * np.log(np.clip(prior, 1e-9, 1))).sum(1).mean()
        loss = -(truth * np.log(np.clip(guess, 1e-9, 1))).sum(1).mean()
    else:
        chance, loss = np.square(truth - prior).mean(), np.square(truth - guess).mean()
    return float(max(1 - loss / chance, 0.0)) if chance > 0 else 0.0
