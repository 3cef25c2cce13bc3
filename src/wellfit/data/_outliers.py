"""Fences beyond which a value is an outlier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def fences(
    low_quantile: NDArray[np.float64], high_quantile: NDArray[np.float64], factor: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ``[feature]`` fences ``q - factor * span`` and ``q + factor * span``; infinite where span is 0.

    A span of 0 (a column that is nearly always one value) says nothing about the rest, so nothing is cut.
    """
    span = high_quantile - low_quantile
    usable = span > 0
    return (
        np.where(usable, low_quantile - factor * span, -np.inf),
        np.where(usable, high_quantile + factor * span, np.inf),
    )


RULE_QUANTILES = {"range": (0.05, 0.95), "iqr": (0.25, 0.75)}
"""Between which quantiles each rule measures the span."""


def is_outlier(values: NDArray[np.float64], rule: str, factor: float) -> NDArray[np.bool_]:
    """Return ``[row]`` whether a value (no NaN) lies beyond the fences of `rule`.

    Example:
        >>> import numpy as np
        >>> is_outlier(np.array([1.0, 2.0, 3.0, 4.0, 100.0]), "iqr", 1.5)
        array([False, False, False, False,  True])
    """
    if not len(values):
        return np.zeros(0, dtype=bool)
    if rule == "zscore":
        spread = values.std()
        return (
            np.abs(values - values.mean()) > factor * spread
            if spread > 0
            else np.zeros(len(values), dtype=bool)
        )
    quantiles = np.quantile(values, RULE_QUANTILES[rule])
    low, high = fences(quantiles[:1], quantiles[1:], factor)
    return (values < low[0]) | (values > high[0])


def outlying_rows(values: NDArray[np.float32], rule: str, factor: float) -> NDArray[np.bool_]:
    """Return ``[row]`` whether a row holds a value beyond the fences of its column; flags are left aside.

    Args:
        values: ``[row, feature]``; NaN is a missing cell.
        rule: range, iqr or zscore.
        factor: of the fences.
    """
    found = np.zeros(len(values), bool)
    for column in values.T:
        known = ~np.isnan(column)
        cells = column[known].astype(np.float64)
        if not ((cells == 0) | (cells == 1)).all():
            found[known] |= is_outlier(cells, rule, factor)
    return found
