"""Metrics that are functions of sums over rows.

Each has two parts: statistics of one row, and what their weighted sums amount to. Written so,
thousands of bootstrap resamples are one matrix product of resampling counts with row statistics.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.evaluation._check import Codes, Float64Array

Rows = Callable[[NDArray[Any], Float64Array], Float64Array]
"""Target and prediction to ``[row, statistic]``."""

Combine = Callable[[Float64Array, Float64Array], Float64Array]
"""Weighted sums ``[resample, statistic]`` and total weight ``[resample]`` to values ``[resample]``."""

# The bound of Keras' crossentropies: a certain mistake costs 16.1, not infinity.
EPSILON = 1e-7
NUM_BINS = 15


def mean(sums: Float64Array, total: Float64Array) -> Float64Array:
    """Mean of the only statistic."""
    return sums[:, 0] / total


def root_mean(sums: Float64Array, total: Float64Array) -> Float64Array:
    """Square root of the mean of the only statistic."""
    return np.sqrt(mean(sums, total))


def log_loss_rows(target: Codes, probability: Float64Array) -> Float64Array:
    """-log of the probability of the true class."""
    true = np.take_along_axis(probability, target[:, None], axis=1)
    return -np.log(np.clip(true, EPSILON, 1.0))


def brier_rows(target: Codes, probability: Float64Array) -> Float64Array:
    """Squared distance to the true class; for two classes that of one column, so that it ends at 1."""
    distance = np.square(probability - _one_hot(target, probability.shape[1])).sum(axis=1, keepdims=True)
    return distance / 2 if probability.shape[1] == 2 else distance


def hit_rows(target: Codes, probability: Float64Array) -> Float64Array:
    """1 where the most probable class is the true one."""
    return (probability.argmax(axis=1) == target).astype(np.float64)[:, None]


def recall_rows(target: Codes, probability: Float64Array) -> Float64Array:
    """For each class: hits, then rows of that class."""
    truth = _one_hot(target, probability.shape[1])
    return np.concatenate([truth * hit_rows(target, probability), truth], axis=1)


def mean_recall(sums: Float64Array, total: Float64Array) -> Float64Array:
    """Mean over the classes that occur of hits / rows."""
    del total
    hits, rows = np.split(sums, 2, axis=1)
    return _mean_ratio(hits, rows)


def f1_rows(target: Codes, probability: Float64Array) -> Float64Array:
    """For each class: hits, then rows of that class plus rows predicted as that class."""
    truth = _one_hot(target, probability.shape[1])
    guess = _one_hot(probability.argmax(axis=1), probability.shape[1])
    return np.concatenate([truth * guess, truth + guess], axis=1)


def mean_f1(sums: Float64Array, total: Float64Array) -> Float64Array:
    """Mean over the classes that occur or are predicted of 2 hits / (true + predicted)."""
    del total
    hits, marks = np.split(sums, 2, axis=1)
    return _mean_ratio(2 * hits, marks)


def calibration_rows(target: Codes, probability: Float64Array) -> Float64Array:
    """For each bin of the highest probability: that probability minus whether it was right."""
    confidence = probability.max(axis=1)
    surplus = confidence - hit_rows(target, probability)[:, 0]
    # Bins are open below and closed above, as in Guo et al., 2017.
    edges = np.linspace(0.0, 1.0, NUM_BINS + 1)[1:-1]
    bins = np.asarray(np.searchsorted(edges, confidence, side="left"), np.intp)
    return _one_hot(bins, NUM_BINS) * surplus[:, None]


def mean_surplus(sums: Float64Array, total: Float64Array) -> Float64Array:
    """Share of rows in a bin times its distance between confidence and accuracy, summed."""
    return np.abs(sums).sum(axis=1) / total


def squared_rows(target: Float64Array, value: Float64Array) -> Float64Array:
    """Squared error, averaged over outputs."""
    return np.square(target - value).mean(axis=1, keepdims=True)


def absolute_rows(target: Float64Array, value: Float64Array) -> Float64Array:
    """Absolute error, averaged over outputs."""
    return np.abs(target - value).mean(axis=1, keepdims=True)


def variance_rows(target: Float64Array, value: Float64Array) -> Float64Array:
    """For each output: squared error, target, squared target."""
    # Centred first: the variance is a difference of sums, which would cancel for a target far from 0.
    centred = target - target.mean(axis=0)
    return np.concatenate([np.square(target - value), centred, np.square(centred)], axis=1)


def explained(sums: Float64Array, total: Float64Array) -> Float64Array:
    """1 - squared error / squared deviation, averaged over outputs; NaN for a constant target."""
    error, first, second = np.split(sums, 3, axis=1)
    deviation = second - first**2 / total[:, None]
    constant = deviation <= 1e-12 * second
    return (1 - error / np.where(constant, np.nan, deviation)).mean(axis=1)


def _one_hot(codes: Codes, size: int) -> Float64Array:
    return np.eye(size)[codes]


def _mean_ratio(top: Float64Array, bottom: Float64Array) -> Float64Array:
    present = bottom > 0
    ratio = np.where(present, top / np.where(present, bottom, 1.0), 0.0)
    return ratio.sum(axis=1) / present.sum(axis=1)
