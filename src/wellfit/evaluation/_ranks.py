"""Metrics of order: how well scores rank the rows of a class before the others.

Ties share their rank. Weights are ``[resample, row]``, so that all resamples of a bootstrap are
computed from one sorting.
"""

from __future__ import annotations

import numpy as np

from wellfit.evaluation._check import Codes, Float64Array


def roc_auc(target: Codes, probability: Float64Array, weights: Float64Array) -> Float64Array:
    """Area under the ROC curve ``[resample]``; above two classes the mean of one class against the rest.

    NaN where a class is absent: its area is not defined, and leaving it out would change the question.
    """
    if probability.shape[1] == 2:
        return _area(target == 1, probability[:, 1], weights)
    areas = [_area(target == code, column, weights) for code, column in enumerate(probability.T)]
    return np.mean(areas, axis=0)


def average_precision(target: Codes, probability: Float64Array, weights: Float64Array) -> Float64Array:
    """Precision averaged over the rows of class 1 in order of their score ``[resample]``; NaN without any."""
    positive, negative = _tied(target == 1, -probability[:, 1], weights)
    found = positive.cumsum(axis=1)
    seen = found + negative.cumsum(axis=1)
    total = found[:, -1]
    precision = found / np.where(seen > 0, seen, 1.0)
    return (precision * positive).sum(axis=1) / np.where(total > 0, total, np.nan)


def _area(
    is_positive: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], score: Float64Array, weights: Float64Array
) -> Float64Array:
    positive, negative = _tied(is_positive, score, weights)
    below = negative.cumsum(axis=1) - negative / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return (positive * below).sum(axis=1) / np.where(pairs > 0, pairs, np.nan)


def _tied(
    is_positive: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], score: Float64Array, weights: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Return the weight of positive and of other rows ``[resample, distinct score]``, scores rising."""
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sorted_weights = weights[:, order]
    marked = sorted_weights * is_positive[order]
    return np.add.reduceat(marked, starts, axis=1), np.add.reduceat(sorted_weights - marked, starts, axis=1)
