"""P-values of statistics of counts under relabeling of rows: which rows are old is drawn anew.

All condition on the pooled rows, so that ties, rare values and unequal numbers of rows are accounted for.
"""

# SciPy ships without stubs: what its functions return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, gammainc, gammaincc, gammaln, ndtr

_NEARLY_NORMAL = 1e-4
_MOST_TERMS = 20_000


def linear_p_value(scores: ArrayLike, old: ArrayLike, new: ArrayLike) -> tuple[float, float]:
    """Return the standardized sum of scores over the new rows, and its two-sided p-value.

    ::

        z = (sum(new * scores) - m * mean) / sqrt(m * n * variance / (N - 1))

    with mean and variance of the scores over all N = n + m rows. Its distribution is that of a gamma
    variable with the same mean, variance and skewness as under relabeling (Pearson's type III), which
    a normal one would miss where most rows share one value.

    Args:
        scores: ``[cell]``.
        old: ``[cell]`` rows of the reference.
        new: ``[cell]`` rows of the window.

    Returns:
        ``(z, p)``; ``(0, 1)`` where nothing varies.

    Source:
        Mielke and Berry, Permutation Methods: A Distance Function Approach, 2007 (type III by three moments).

    Example:
        >>> z, p = linear_p_value([0.0, 1.0], [50, 50], [10, 40])
        >>> round(z, 2), p < 0.001
        (3.52, True)
    """
    a, r, w = (np.asarray(values, np.float64) for values in (scores, old, new))
    pooled, n, m = r + w, float(np.sum(r)), float(np.sum(w))
    total = n + m
    if n < 1 or m < 1:
        return 0.0, 1.0
    centered = a - float(pooled @ a) / total
    variance = float(pooled @ centered**2) / total
    if total < 3 or variance <= 1e-18 * max(float(np.abs(a).max()), 1e-300) ** 2:
        return 0.0, 1.0
    deviation = math.sqrt(m * n * variance / (total - 1))
    z = float(w @ centered) / deviation
    third = float(pooled @ centered**3) / total
    skewness = m * n * (n - m) * third / ((total - 1) * (total - 2)) / deviation**3
    return z, min(2 * min(_upper(z, skewness), _upper(-z, -skewness)), 1.0)


def _upper(z: float, skewness: float) -> float:
    """Return the chance that a standardized gamma variable of this skewness is at least z."""
    if abs(skewness) < _NEARLY_NORMAL:
        return float(ndtr(-z))
    shape = 4.0 / skewness**2
    place = shape + math.copysign(1.0, skewness) * z * math.sqrt(shape)
    if place <= 0:
        return 1.0 if skewness > 0 else 0.0
    return float(gammaincc(shape, place) if skewness > 0 else gammainc(shape, place))


def share_p_value(old: int, num_old: int, new: int, num_new: int) -> float:
    """Return the two-sided p-value of two shares of rows, exact (hypergeometric; twice the smaller tail).

    Args:
        old: rows of the reference that count.
        num_old: all its rows.
        new: rows of the window that count.
        num_new: all its rows.

    Source:
        Fisher, The Design of Experiments, 1935.

    Example:
        >>> round(share_p_value(1, 10, 9, 10), 5)
        0.00109
    """
    counted, total = old + new, num_old + num_new
    low, high = max(0, counted - num_old), min(counted, num_new)
    if low == high:
        return 1.0
    if high - low > _MOST_TERMS:
        return linear_p_value([1.0, 0.0], [old, num_old - old], [new, num_new - new])[1]
    places = np.arange(low, high + 1)
    logs = _log_choose(counted, places) + _log_choose(total - counted, num_new - places)
    chances = np.exp(logs - logs.max())
    chances /= chances.sum()
    tail = min(float(chances[: new - low + 1].sum()), float(chances[new - low :].sum()))
    return min(2 * tail, 1.0)


def _log_choose(number: int, places: NDArray[np.int_]) -> NDArray[np.float64]:
    return gammaln(number + 1) - gammaln(places + 1) - gammaln(number - places + 1)


def beyond_p_value(num_old: int, num_new: int, num_beyond: int) -> float:
    """Return the chance that the `num_beyond` largest of all rows are new ones; exact, for ties too large.

    Args:
        num_old: rows of the reference.
        num_new: rows of the window.
        num_beyond: of these beyond every row of the reference, on one side.

    Source:
        Rosenbaum, Tables for a Nonparametric Test of Location, 1954.

    Example:
        >>> beyond_p_value(1, 1, 1), round(beyond_p_value(1000, 1000, 10), 4)
        (0.5, 0.001)
    """
    if num_beyond < 1 or num_old < 1:
        return 1.0
    total = num_old + num_new
    log = (
        gammaln(num_new + 1)
        - gammaln(num_new - num_beyond + 1)
        - gammaln(total + 1)
        + gammaln(total - num_beyond + 1)
    )
    return min(float(np.exp(log)), 1.0)


def cells_p_value(old: ArrayLike, new: ArrayLike) -> float:
    """Return the p-value of Pearson's chi-square for two rows of counts; its mean is that under relabeling.

    Args:
        old: ``[cell]``, at least some 5 rows expected in each.
        new: ``[cell]``, likewise.

    Source:
        Haldane, The Mean and Variance of Chi-Square when Used as a Test of Homogeneity, 1940.

    Example:
        >>> cells_p_value([50, 50, 50], [50, 50, 50]), cells_p_value([50, 50, 50], [90, 50, 10]) < 1e-6
        (1.0, True)
    """
    r, w = np.asarray(old, np.float64), np.asarray(new, np.float64)
    n, m = float(np.sum(r)), float(np.sum(w))
    pooled, total = r + w, n + m
    if len(r) < 2 or n < 1 or m < 1:
        return 1.0
    expected = pooled * (m / total)
    statistic = float((np.square(w - expected) / expected).sum()) * total / n
    return float(chdtrc(len(r) - 1, statistic * (total - 1) / total))
