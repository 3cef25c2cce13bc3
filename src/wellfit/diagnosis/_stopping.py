"""When to stop training: once a better epoch is unlikely to come.

A patience waits for a fixed number of epochs whatever the curve looks like. Here the chance that any later
epoch is better is read from how long ago the best one was, absolutely and against the length of the run, and
how far and how clearly the loss has risen since. The weights are those of a logistic regression fitted by
`benchmarks/curves.py` to one half of its data sets; the figures it reports are from the other half.

Source:
    Prechelt, Early Stopping - But When?, 1998.
"""

from __future__ import annotations

import numpy as np

from wellfit.diagnosis._history import Curve

THRESHOLD = 0.24
"""Training stops below this chance: on the tuning half the best epoch is kept as often as by patience 100."""

MIN_WAIT = 5
"""Epochs without a better one before a stop, whatever the curve looks like."""

_RECENT = 10  # epochs whose lowest loss and mean say where the curve is now
_STEPS = 30  # epochs over which the usual step from one epoch to the next is measured
_CAP = 6.0
_FLOOR = 0.05  # of the fall since the first epoch: see `_curve_features`

_WEIGHTS = {
    "wait": -0.537,
    "wait_over_best": -0.476,
    "rise_over_noise": -0.333,
    "mean_rise": -0.055,
    "rise": -0.285,
    "trend_over_noise": -0.267,
    "noise": -0.030,
    "best_epoch": 0.169,
    "wait_and_rise_over_noise": 0.065,
    "wait_and_rise": 0.263,
}
_CONSTANT = 1.762


def should_stop(validation: Curve) -> bool:
    """Return whether training may stop after the epochs seen; use it once after each epoch.

    Args:
        validation: ``[epoch]`` loss on validation rows so far, of any scale.

    Example:
        >>> falling = 0.95 ** np.arange(40)
        >>> should_stop(falling), should_stop(np.concatenate([falling, 0.13 + 0.02 * np.arange(30)]))
        (False, True)
    """
    if len(validation) <= MIN_WAIT:
        return False
    finite = np.where(np.isfinite(validation), validation, np.inf)
    wait = len(validation) - 1 - int(finite.argmin())
    return wait >= MIN_WAIT and bool(chance_of_better(validation)[-1] < THRESHOLD)


def chance_of_better(validation: Curve) -> Curve:
    """Return ``[epoch]`` the chance, at each epoch, that any later one has a lower validation loss."""
    values = _finite(validation)
    count = np.arange(len(values))
    lowest = np.minimum.accumulate(values)
    is_best = np.concatenate([[True], values[1:] < lowest[:-1]])
    best_epoch = np.maximum.accumulate(np.where(is_best, count, 0))
    wait = count - best_epoch
    total = np.concatenate([[0.0], np.cumsum(values)])
    size = np.abs(lowest)
    level = np.maximum(size, _FLOOR * (values[0] - lowest)) + 1e-12
    noise = _mean(np.abs(np.diff(values, prepend=values[:1])), _STEPS) + 1e-9 * size + 1e-12
    now = _lowest(values, _RECENT) - lowest
    mean = _mean(values, _RECENT) - lowest
    trend = _trend(total, count, wait)
    rise_over_noise = _log(now / noise)
    rise = _log(now / level / 0.02)
    features = {
        "wait": np.log1p(wait),
        "wait_over_best": np.log1p(wait / (best_epoch + 1.0)),
        "rise_over_noise": rise_over_noise,
        "mean_rise": _log(mean / level / 0.02),
        "rise": rise,
        "trend_over_noise": np.sign(trend) * np.minimum(_log(np.abs(trend) / noise), 5.0),
        "noise": _log(noise / level / 0.01),
        "best_epoch": np.log1p(best_epoch),
        "wait_and_rise_over_noise": np.log1p(wait) * rise_over_noise / 5.0,
        "wait_and_rise": np.log1p(wait) * rise / 5.0,
    }
    score = _CONSTANT + sum(_WEIGHTS[name] * value for name, value in features.items())
    return 1.0 / (1.0 + np.exp(-np.asarray(score, np.float64)))


def _finite(values: Curve) -> Curve:
    """Return values of size 1 at most; what is no finite number is as bad as the worst."""
    finite = np.isfinite(values)
    if not finite.any():
        return np.ones(len(values))
    known = np.where(finite, values, values[finite].max())
    return known / (np.abs(known).max() or 1.0)


def _mean(values: Curve, window: int) -> Curve:
    """Return the mean of the last `window` values at each place."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(len(values)) + 1
    start = np.maximum(end - window, 0)
    return (total[end] - total[start]) / (end - start)


def _lowest(values: Curve, window: int) -> Curve:
    padded = np.concatenate([np.full(window - 1, np.inf), values])
    return np.lib.stride_tricks.sliding_window_view(padded, window).min(axis=1)


def _trend(total: Curve, count: np.ndarray, wait: np.ndarray) -> Curve:
    """Return how much higher the later half of the epochs since the best one is than the earlier half."""
    later = np.maximum((wait + 1) // 2, 1)
    middle = count + 1 - later
    start = np.maximum(middle - np.maximum(wait - later + 1, 1), 0)
    early = (total[middle] - total[start]) / np.maximum(middle - start, 1)
    return (total[count + 1] - total[middle]) / later - early


def _log(values: Curve) -> Curve:
    return np.minimum(np.log1p(np.maximum(values, 0.0)), _CAP)
