"""Ranks over tables, and which differences of mean ranks can be told from chance. Pure functions.

Source: Demšar, Statistical Comparisons of Classifiers over Multiple Data Sets, 2006.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, rankdata, studentized_range


def ranks(scores: ArrayLike) -> NDArray[np.float64]:
    """Return ``[table, method]`` ranks from ``[table, method]`` losses; ties share the mean of their ranks.

    Example:
        >>> ranks([[0.1, 0.3, 0.3], [2.0, 1.0, np.inf]])
        array([[1. , 2.5, 2.5],
               [2. , 1. , 3. ]])
    """
    return rankdata(np.asarray(scores, np.float64), axis=1)


def friedman_p(ranked: NDArray[np.float64]) -> float:
    """Return the p-value of Friedman's test that all methods are alike, corrected for ties.

    NaN for fewer than three methods or two tables; 1 where every rank is tied.

    Example:
        >>> round(friedman_p(ranks([[1.0, 2.0, 3.0]] * 6)), 4)
        0.0025
    """
    num_tables, num_methods = ranked.shape
    if num_methods < 3 or num_tables < 2:
        return math.nan
    spread = np.square(ranked - (num_methods + 1) / 2).sum()
    if not spread:
        return 1.0
    between = np.square(ranked.sum(axis=0) - num_tables * (num_methods + 1) / 2).sum()
    return float(chi2.sf((num_methods - 1) * between / spread, num_methods - 1))


def critical_difference(num_methods: int, num_tables: int, alpha: float = 0.05) -> float:
    """Return by how much two mean ranks must differ (Nemenyi's test, for all pairs at once).

    Example:
        >>> round(critical_difference(4, 14), 2), round(critical_difference(5, 30), 2)
        (1.25, 1.11)
    """
    quantile = studentized_range.ppf(1 - alpha, num_methods, np.inf) / math.sqrt(2)
    return float(quantile * math.sqrt(num_methods * (num_methods + 1) / (6 * num_tables)))


def cliques(mean_ranks: Mapping[str, float], difference: float) -> list[tuple[float, float]]:
    """Return the widest intervals of mean ranks within which no two methods differ.

    Example:
        >>> cliques({"a": 1.0, "b": 1.5, "c": 2.2, "d": 4.0}, 1.0)
        [(1.0, 1.5), (1.5, 2.2)]
    """
    ordered = sorted(mean_ranks.values())
    found: list[tuple[float, float]] = []
    for low in ordered:
        high = max(value for value in ordered if value <= low + difference)
        if high > low and (not found or high > found[-1][1]):
            found.append((low, high))
    return found


def mean_ranks(methods: Sequence[str], scores: ArrayLike) -> dict[str, float]:
    """Return the mean rank of each method, best first.

    Example:
        >>> mean_ranks(["a", "b"], [[2.0, 1.0], [3.0, 1.0]])
        {'b': 1.0, 'a': 2.0}
    """
    means = dict(zip(methods, ranks(scores).mean(axis=0).tolist(), strict=True))
    return dict(sorted(means.items(), key=lambda pair: pair[1]))
