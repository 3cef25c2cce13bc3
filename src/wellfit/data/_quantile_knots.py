"""Knots of the quantile scaling: the empirical distribution as an increasing function."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wellfit.records import FloatArray

NUM_KNOTS = 101


def quantile_knots(sample: FloatArray, num_knots: int = NUM_KNOTS) -> FloatArray:
    """Return ``[feature, knot]`` strictly increasing float32 knots of the known cells of `sample`.

    Knot i of m + 1 is the quantile i / m. Where a value fills several quantiles, its knots are spread
    by a little around it, so that the value itself gets the middle of its ranks and interpolation
    has one answer.

    Args:
        sample: ``[row, feature]``, NaN where missing.
        num_knots: knots of each feature.

    Example:
        >>> import numpy as np
        >>> knots = quantile_knots(np.array([[0.0], [0.0], [0.0], [1.0], [2.0]], np.float32), 5)
        >>> float(np.interp(0.0, knots[0], np.linspace(0, 1, 5)))
        0.25
    """
    levels = np.linspace(0.0, 1.0, num_knots)
    knots = np.empty((sample.shape[1], num_knots), dtype=np.float32)
    for i, column in enumerate(sample.T):
        known = column[~np.isnan(column)].astype(np.float64)
        raw = np.quantile(known, levels) if len(known) else levels
        knots[i] = _strictly_increasing(raw)
    return knots


def _strictly_increasing(knots: NDArray[np.float64]) -> FloatArray:
    """Return `knots` (never decreasing) with runs of equal ones spread within a fifth of their gaps."""
    rounded = knots.astype(np.float32).astype(np.float64)
    values, first, count = np.unique(rounded, return_index=True, return_counts=True)
    if len(values) == len(knots):
        return rounded.astype(np.float32)
    gap = np.diff(values) if len(values) > 1 else np.array([1.0])
    before, after = np.append(gap[0], gap), np.append(gap, gap[-1])
    reach = 0.2 * np.minimum(before[: len(values)], after[: len(values)])
    spread = rounded.copy()
    for value, start, num, half in zip(values, first, count, reach, strict=True):
        if num > 1:
            spread[start : start + num] = value + np.linspace(-half, half, num)
    return _separate(spread.astype(np.float32))


def _separate(knots: FloatArray) -> FloatArray:
    """Return `knots` moved up to the next float32 wherever rounding has made two equal."""
    for i in range(1, len(knots)):
        if knots[i] <= knots[i - 1]:
            knots[i] = np.nextafter(knots[i - 1], np.float32(np.inf))
    return knots
