"""Residuals of a network, in few points and counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.evaluation._check import Float64Array
from wellfit.records import ResidualBin, Residuals

MOST_POINTS, _NUM_WORST = 500, 20
NUM_BINS = 20
_NUM_GROUPS, _FEWEST_IN_GROUP = 10, 5
_DIGITS = 6


def residuals(target: ArrayLike, prediction: ArrayLike) -> Residuals:
    """Return what is to be seen of values against their predictions; of several outputs the first.

    Args:
        target: ``[row]`` or ``[row, output]``.
        prediction: likewise, finite.

    Example:
        >>> found = residuals([1.0, 2.0, 3.0], [1.5, 2.0, 2.5])
        >>> found.true, sum(found.counts), found.bins[0].mean
        ((1.0, 2.0, 3.0), 3, 0.0)
    """
    values = np.asarray(target, np.float64)
    values = values.reshape(len(values), -1)
    true = values[:, 0]
    said = np.asarray(prediction, np.float64).reshape(len(true), -1)[:, 0]
    left = true - said
    shown = spread_rows(true, np.abs(left))
    edges, counts = histogram(left)
    return Residuals(
        num_rows=len(true),
        num_outputs=values.shape[1],
        true=rounded(true[shown]),
        predicted=rounded(said[shown]),
        edges=edges,
        counts=counts,
        bins=_bins(said, left),
    )


def spread_rows(values: Float64Array, size: Float64Array) -> NDArray[np.intp]:
    """Return at most 500 rows: those of largest `size`, the others evenly over the ranks of `values`."""
    order = np.argsort(values, kind="stable")
    if len(order) <= MOST_POINTS:
        return order
    worst = np.argsort(-size, kind="stable")[:_NUM_WORST]
    rest = order[~np.isin(order, worst)]
    even = rest[np.linspace(0, len(rest) - 1, MOST_POINTS - _NUM_WORST).round().astype(np.intp)]
    return np.concatenate([even, worst])


def histogram(values: Float64Array) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Return the edges of at most 20 bins and the rows in each; the outer ones hold what lies beyond.

    Bins end three interquartile ranges beyond the quartiles, so that one wild value leaves the rest visible.

    Example:
        >>> edges, counts = histogram(np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 900.0]))
        >>> edges[-1], sum(counts), counts[-1]
        (18.0, 9, 1)
    """
    if not len(values):
        return (), ()
    low, high = float(values.min()), float(values.max())
    first, third = (float(end) for end in np.quantile(values, [0.25, 0.75]))
    if third > first:
        low, high = max(low, first - 3 * (third - first)), min(high, third + 3 * (third - first))
    if not high > low:
        return (_round(low), _round(low)), (len(values),)
    edges = np.linspace(low, high, NUM_BINS + 1)
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, NUM_BINS - 1)
    counts = np.bincount(places, minlength=NUM_BINS)
    return rounded(edges), tuple(int(count) for count in counts)


def rounded(values: ArrayLike) -> tuple[float, ...]:
    """Return numbers with six significant digits."""
    return tuple(_round(float(value)) for value in np.asarray(values, np.float64))


def _round(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _bins(said: Float64Array, left: Float64Array) -> tuple[ResidualBin, ...]:
    """Return residuals of rows with like predictions; equal predictions share a bin."""
    num = max(1, min(_NUM_GROUPS, len(said) // _FEWEST_IN_GROUP))
    edges = np.unique(np.quantile(said, np.arange(1, num) / num))
    places = np.searchsorted(edges, said, side="left")
    found: list[ResidualBin] = []
    for place in np.unique(places):
        own, mine = said[places == place], left[places == place]
        found.append(
            ResidualBin(
                low=_round(float(own.min())),
                high=_round(float(own.max())),
                num_rows=len(own),
                mean=_round(float(mine.mean())),
                deviation=_round(float(mine.std())),
            )
        )
    return tuple(found)
