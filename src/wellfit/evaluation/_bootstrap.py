"""How sure a difference between two sets of predictions is, given that the rows are a sample."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.evaluation._check import Float64Array, checked
from wellfit.evaluation._metrics import definition, values
from wellfit.records import DataError, SettingsError, Task

# Resampling counts held at once: 4 million float64 are 32 MB.
_CELLS = 4_000_000


def paired_bootstrap(
    task: Task,
    metric: str,
    target: ArrayLike,
    prediction_a: ArrayLike,
    prediction_b: ArrayLike,
    *,
    seed: int,
    num_resamples: int = 2000,
    groups: ArrayLike | None = None,
) -> tuple[float, float, float]:
    """Return by how much `prediction_b` is better than `prediction_a`, with a 95 % percentile interval.

    Use it once, on rows that neither network has seen. Rows (whole groups of rows where `groups` is
    given) are drawn with replacement, the same for both sides: difference* = metric(b*) - metric(a*),
    with the sign of the metric's direction. Resamples in which the metric is not defined (a class is
    absent) are left out; if they are more than half, the interval is NaN. Everything is NaN if a
    prediction is not finite. Time grows with rows times `num_resamples`.

    Args:
        task: what kind of target there is.
        metric: one of `metric_names`.
        target: as in `evaluate`.
        prediction_a: as in `evaluate`, for example of the baseline.
        prediction_b: as in `evaluate`, for example of the improved network.
        seed: of the resampling.
        num_resamples: resamples, at least 100.
        groups: ``[row]`` codes; rows of one group are not independent and are drawn together.

    Returns:
        Difference, low, high; positive means that b is better.

    Raises:
        SettingsError: unknown metric, or fewer than 100 resamples.
        DataError: the shapes or values do not fit together.

    Example:
        >>> target = [1.0, 2.0, 3.0, 4.0]
        >>> paired_bootstrap(Task.REGRESSION, "mae", target, [2, 3, 4, 5], target, seed=0)
        (1.0, 1.0, 1.0)

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993; for groups, Field and Welsh,
        Bootstrapping Clustered Data, 2007.
    """
    if num_resamples < 100:
        raise SettingsError("too few resamples", received=str(num_resamples), expected="at least 100")
    one = definition(metric, task)
    truth, guess_a = checked(task, target, prediction_a)
    _, guess_b = checked(task, target, prediction_b)
    sign = 1.0 if one.metric.direction == "maximize" else -1.0

    def difference(weights: Float64Array) -> Float64Array:
        return sign * (values(one, truth, guess_b, weights) - values(one, truth, guess_a, weights))

    estimate = float(difference(np.ones((1, len(truth))))[0])
    drawn = _resamples(_units(groups, len(truth)), num_resamples, np.random.default_rng(seed))
    low, high = _percentiles(np.concatenate([difference(weights) for weights in drawn]))
    return (estimate, low, high) if np.isfinite(estimate) else (np.nan, np.nan, np.nan)


def mean_interval(losses: ArrayLike, *, seed: int, num_resamples: int = 2000) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean of losses when their rows are drawn again.

    Use it for a loss at fixed weights: how much of it is the choice of validation rows.

    Args:
        losses: ``[row]``, finite.
        seed: of the resampling.
        num_resamples: resamples.

    Example:
        >>> low, high = mean_interval([0.0, 1.0] * 20, seed=0)
        >>> 0.3 < low < 0.4 and 0.6 < high < 0.7
        True

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993.
    """
    values = np.asarray(losses, np.float64)
    drawn = _resamples(np.arange(len(values)), num_resamples, np.random.default_rng(seed))
    return _percentiles(np.concatenate([weights @ values / len(values) for weights in drawn]))


def _units(groups: ArrayLike | None, num_rows: int) -> NDArray[np.intp]:
    """Return ``[row]``: which unit of resampling a row belongs to."""
    if groups is None:
        return np.arange(num_rows)
    codes = np.asarray(groups)
    if codes.shape != (num_rows,):
        raise DataError("groups do not fit", received=f"shape {codes.shape}", expected=f"{num_rows} codes")
    return np.unique(codes, return_inverse=True)[1]


def _resamples(
    units: NDArray[np.intp], num_resamples: int, generator: np.random.Generator
) -> Iterator[Float64Array]:
    """Yield chunks ``[resample, row]``: how often each row was drawn."""
    num_units = int(units.max()) + 1
    chunk = max(1, _CELLS // len(units))
    for start in range(0, num_resamples, chunk):
        size = min(chunk, num_resamples - start)
        drawn = generator.integers(0, num_units, (size, num_units)) + np.arange(size)[:, None] * num_units
        counts = np.bincount(drawn.ravel(), minlength=size * num_units).reshape(size, num_units)
        yield counts[:, units].astype(np.float64)


def _percentiles(differences: Float64Array) -> tuple[float, float]:
    defined = differences[np.isfinite(differences)]
    if 2 * len(defined) < len(differences):
        return np.nan, np.nan
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)
