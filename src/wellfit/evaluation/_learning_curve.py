"""What more rows would be worth: a power law through losses at several numbers of training rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.evaluation._check import Float64Array
from wellfit.evaluation._student import student_quantile
from wellfit.records import DataError, Effect

_EXPONENTS: Float64Array = np.linspace(0.1, 1.5, 29, dtype=np.float64)
_NORMAL = 1.96
_LARGEST_LOSS = 1e15  # beyond it squares of differences overflow


def predicted_gain(
    sizes: ArrayLike,
    losses: ArrayLike,
    extra_rows: float,
    *,
    num_rows: float | None = None,
    unit: str = "loss",
    least: float = 0.0,
    test_ratio: float = 0.0,
    seed: int = 0,
    num_resamples: int = 1000,
) -> Effect:
    """Return by how much the loss would fall with more training rows, with a 95 % interval.

    The curve is ``loss(n) = a + b n^-c`` with a >= `least`, b >= 0 and 0 < c <= 1.5, fitted by least squares
    to the mean over splits. The gain is ``b n^-c - b (n + extra)^-c`` at the rows there are, and so is never
    negative. A curve that is flat, or noise, has an interval that begins at zero: whether more rows help
    cannot be told.

    The interval is a bootstrap of the splits. A mean of few splits varies more than its resamples say, and
    splits of the same rows are alike; resampled means are therefore drawn apart by ``t / 1.96 * sqrt(k /
    (k - 1)) * sqrt(1 + k * test_ratio)`` for k splits, as the variance is corrected where remedies are
    compared. Where the loss may fall all the way to `least`, the promise is rather too low than too high.

    Args:
        sizes: ``[size]`` training rows, at least three different numbers.
        losses: ``[split, size]``, lower is better; at least two splits.
        extra_rows: rows in addition to those there are.
        num_rows: rows there are; the largest size if None.
        unit: of the losses.
        least: what no number of rows gets below, such as 0 for log loss.
        test_ratio: rows a split is scored on / rows it is trained on; 0 for splits that share no rows.
        seed: of the bootstrap.
        num_resamples: draws.

    Returns:
        The gain; `p_value` is NaN and `num_pairs` the number of splits.

    Raises:
        DataError: shapes do not fit, there are too few sizes or splits, or a number is not finite.

    Example:
        >>> sizes = np.array([250.0, 350.0, 500.0, 700.0, 1000.0])
        >>> losses = 0.3 + 2.0 * sizes**-0.5 + 0.001 * np.eye(5)
        >>> gain = predicted_gain(sizes, losses, 500, unit="log_loss")
        >>> gain.low < round(gain.estimate, 3) < gain.high, round(gain.estimate, 2)
        (True, 0.01)

    Source:
        Hestness et al., Deep Learning Scaling is Predictable, Empirically, 2017; Viering and Loog, The Shape
        of Learning Curves: a Review, 2023; for overlapping splits, Nadeau and Bengio, Inference for the
        Generalization Error, 2003.
    """
    rows, table = np.asarray(sizes, np.float64), np.asarray(losses, np.float64)
    _check(rows, table, extra_rows)
    num_splits = len(table)
    mean = table.mean(axis=0)
    drawn = np.random.default_rng(seed).integers(0, num_splits, (num_resamples, num_splits))
    apart = student_quantile(0.975, num_splits - 1) / _NORMAL
    apart *= np.sqrt(num_splits / (num_splits - 1) * (1.0 + num_splits * test_ratio))
    means = mean + apart * (table[drawn].mean(axis=1) - mean)
    start = (num_rows or rows.max()) / rows.max()
    growth = start + extra_rows / rows.max()
    gains = _gains(rows / rows.max(), np.concatenate([mean[None], means]), (start, growth), least)
    low, high = np.percentile(gains[1:], [2.5, 97.5])
    return Effect(
        estimate=float(gains[0]),
        low=float(min(low, gains[0])),
        high=float(max(high, gains[0])),
        p_value=float("nan"),
        unit=unit,
        num_pairs=num_splits,
    )


def fitted_curve(sizes: ArrayLike, losses: ArrayLike, at: ArrayLike, *, least: float = 0.0) -> Float64Array:
    """Return the loss at other numbers of rows, by the curve that `predicted_gain` fits to mean losses.

    Args:
        sizes: ``[size]`` training rows, at least three different numbers.
        losses: ``[size]`` mean losses.
        at: ``[point]`` training rows.
        least: what no number of rows gets below.

    Example:
        >>> sizes = np.array([250.0, 500.0, 1000.0])
        >>> fitted_curve(sizes, 0.3 + 2.0 * sizes**-0.5, [4000.0]).round(3).tolist()
        [0.332]
    """
    rows, mean = np.asarray(sizes, np.float64), np.asarray(losses, np.float64)
    _check(rows, np.stack([mean, mean]), 1.0)
    shares, points = rows / rows.max(), np.asarray(at, np.float64) / rows.max()
    best, found = np.inf, np.full(len(points), np.nan)
    for exponent in _EXPONENTS:
        power = shares**-exponent
        floor, slope = _line(power, mean[None], least)
        error = float(np.square(floor[0] + slope[0] * power - mean).sum())
        if error < best:
            best, found = error, floor[0] + slope[0] * points**-exponent
    return found


def round_rows(num_rows: float) -> int:
    """Return the number of 1, 2 or 5 times a power of ten that is nearest, by ratio: a number to say aloud.

    Example:
        >>> [round_rows(n) for n in (37, 640, 1400, 4100)]
        [50, 500, 1000, 5000]
    """
    power = 10.0 ** np.floor(np.log10(max(num_rows, 1.0)))
    options = power * np.array([1.0, 2.0, 5.0, 10.0])
    return int(options[np.abs(np.log(options / max(num_rows, 1.0))).argmin()])


def _gains(
    shares: Float64Array, curves: Float64Array, reach: tuple[float, float], least: float
) -> Float64Array:
    """Return ``[curve]`` gains from ``[curve, size]`` losses at shares of all rows: the best exponent's."""
    errors, gains = np.full(len(curves), np.inf), np.zeros(len(curves))
    for exponent in _EXPONENTS:
        power = shares**-exponent
        floor, slope = _line(power, curves, least)
        error = np.square(floor[:, None] + slope[:, None] * power - curves).sum(axis=1)
        better = error < errors
        errors = np.where(better, error, errors)
        gains = np.where(better, slope * (reach[0] ** -exponent - reach[1] ** -exponent), gains)
    return gains


def _line(power: Float64Array, curves: Float64Array, least: float) -> tuple[Float64Array, Float64Array]:
    """Return ``[curve]`` a and b of the best ``a + b * power`` with a >= least, b >= 0."""
    centered = power - power.mean()
    slope: Float64Array = np.maximum(curves @ centered / np.square(centered).sum(), 0.0)
    floor: Float64Array = curves.mean(axis=1) - slope * power.mean()
    # The other side of the constraint: with a at its bound, b alone is left.
    held: Float64Array = np.maximum((curves - least) @ power / np.square(power).sum(), 0.0)
    is_low: NDArray[np.bool_] = floor < least
    return np.where(is_low, least, floor), np.where(is_low, held, slope)


def _check(rows: Float64Array, table: Float64Array, extra_rows: float) -> None:
    shaped = rows.ndim == 1 and table.ndim == 2 and table.shape[1] == len(rows) and len(table) >= 2
    if not shaped or len(set(rows.tolist())) < 3 or not np.isfinite(rows).all() or rows.min() <= 0:
        raise DataError(
            "this is no learning curve",
            received=f"sizes of shape {rows.shape}, losses of shape {table.shape}",
            expected="three different numbers of rows or more, [split, size] losses of two splits or more",
        )
    if not (np.abs(table) < _LARGEST_LOSS).all() or not (np.isfinite(extra_rows) and extra_rows > 0):
        raise DataError(
            "no gain can be predicted from these numbers",
            received=f"{extra_rows} extra rows, {int((~np.isfinite(table)).sum())} losses not finite",
            expected="finite losses, and more than 0 extra rows",
        )
