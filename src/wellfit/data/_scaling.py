"""Filling, clipping and scaling: fitted on the training rows of one split, applied to any rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellfit.data._outliers import RULE_QUANTILES, fences
from wellfit.data._preparation import Preparation
from wellfit.data._quantile_knots import quantile_knots
from wellfit.records import Dataset, FloatArray, IntArray, Scaling

MAX_QUANTILE_ROWS = 50_000
_TINY = float(np.finfo(np.float32).tiny)
_LARGEST = float(np.finfo(np.float32).max)
_LEAST_RANGE = 1e-12  # interquartile range over deviation

_Columns = NDArray[np.float64]


def fit_scaling(dataset: Dataset, rows: IntArray, preparation: Preparation) -> tuple[Scaling | None, ...]:
    """Return how each input is filled, clipped and scaled, from `rows` only; None for inputs of codes.

    Columns that hold only 0 and 1 in `rows` stay as they are unless ``scale_binary``. A feature
    without any value in `rows`, or with one value only, gets mask 0 (with raw features: it stays).
    Where there are more than 50,000 rows, quantiles (for the median, the fences and the knots) come
    from every n-th of them; means, deviations, minima and maxima always from all.

    Args:
        dataset: from `encode`.
        rows: ``[n]`` indices of the training rows.
        preparation: the options in force, as in ``encoder.preparation``.
    """
    return tuple(
        _fit(values, rows, preparation) if np.issubdtype(values.dtype, np.floating) else None
        for values in dataset.inputs
    )


def apply_scaling(scaling: Scaling, values: FloatArray) -> FloatArray:
    """Return ``[row, feature]`` float32: filled, clipped, ranked, centered, scaled and masked.

    mask * inverse_scale * (rank(clip(fill(x), low, high)) - center), times the rotation if there is one

    With knots k_0 < ... < k_m the rank of x is the linear interpolation of (k_i, i / m) at x, 0 below
    k_0 and 1 above k_m; without knots the rank is x itself.
    """
    filled = np.where(np.isnan(values), scaling.fill, values)
    clipped = np.clip(filled, scaling.low, scaling.high)
    if scaling.knots is not None:
        levels = np.linspace(0.0, 1.0, scaling.knots.shape[1], dtype=np.float32)
        ranked = [np.interp(clipped[:, i], knots, levels) for i, knots in enumerate(scaling.knots)]
        clipped = np.stack(ranked, axis=1)
    scaled = (clipped - scaling.center) * scaling.inverse_scale * scaling.mask
    if scaling.rotation is not None:
        scaled = scaled @ scaling.rotation
    return scaled.astype(np.float32)


def invert_scaling(scaling: Scaling, scaled: FloatArray) -> FloatArray:
    """Return raw values whose scaled ones are given, for an affine scaling; masked features at their fill.

    What was filled or clipped does not come back: x = scaled / inverse_scale + center.
    """
    raw = scaled / scaling.inverse_scale + scaling.center
    return np.where(scaling.mask > 0, raw, scaling.fill).astype(np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Moments:
    """What all methods need, each ``[feature]`` float64, from the clipped and known cells."""

    mean: _Columns
    deviation: _Columns
    minimum: _Columns
    maximum: _Columns
    num_known: _Columns


def _fit(values: NDArray[np.generic], rows: IntArray, preparation: Preparation) -> Scaling:
    known = np.asarray(values[rows], dtype=np.float32)
    quantiles = _Quantiles(known)
    num_known = (~np.isnan(known)).sum(axis=0).astype(np.float64)
    binary = ((known == 0) | (known == 1) | np.isnan(known)).all(axis=0)
    low, high = _clip_bounds(known, quantiles, preparation)
    low = np.where(binary | (low < -_LARGEST), -np.inf, low)
    high = np.where(binary | (high > _LARGEST), np.inf, high)
    if np.isfinite(low).any() or np.isfinite(high).any():
        known = np.clip(known, low.astype(np.float32), high.astype(np.float32))
    moments = _moments(known, num_known)
    fill = np.clip(np.nan_to_num(_fill(known, quantiles, moments, preparation)), low, high)
    knots = None
    if preparation.scaling == "quantile":
        knots, binary = quantile_knots(quantiles.sample), np.zeros_like(binary)
        center, scale = np.full(len(fill), 0.5), np.full(len(fill), 1 / np.sqrt(12))
    else:
        center, scale = _center_scale(moments, quantiles, low, high, preparation)
    keep = binary & (not preparation.scale_binary)
    center, scale = np.where(keep, 0.0, center), np.where(keep, 1.0, scale)
    usable = (num_known > 0) & (moments.maximum > moments.minimum) & (scale > _TINY)
    if preparation.features == "raw":
        usable = np.ones_like(usable)
    return Scaling(
        fill=fill.astype(np.float32),
        low=low.astype(np.float32),
        high=high.astype(np.float32),
        center=np.nan_to_num(center).astype(np.float32),
        inverse_scale=(1.0 / np.where(usable, scale, 1.0)).astype(np.float32),
        mask=usable.astype(np.float32),
        knots=knots,
    )


class _Quantiles:
    """Quantiles of the known cells of each column, of a sample where there are many rows."""

    def __init__(self, known: FloatArray) -> None:
        step = -(-len(known) // MAX_QUANTILE_ROWS)
        sample = known[:: max(step, 1)]
        self.sample = sample
        self._missing = bool(np.isnan(sample).any())

    def __call__(self, *levels: float) -> NDArray[np.float64]:
        """Return ``[level, feature]``; NaN where a column has no known cell."""
        if not len(self.sample):
            return np.full((len(levels), self.sample.shape[1]), np.nan)
        if not self._missing:
            return np.quantile(self.sample, levels, axis=0).astype(np.float64)
        columns = [column[~np.isnan(column)] for column in self.sample.T]
        return np.stack(
            [
                np.quantile(column, levels).astype(np.float64)
                if len(column)
                else np.full(len(levels), np.nan)
                for column in columns
            ],
            axis=1,
        )


def _moments(known: FloatArray, num_known: _Columns) -> _Moments:
    present = ~np.isnan(known)
    count = np.maximum(num_known, 1)
    mean = np.sum(known, axis=0, dtype=np.float64, where=present) / count
    # Two passes: the deviation of a column far from 0 would drown in the square of its mean.
    squares = np.square(np.where(present, known - mean, 0.0))
    empty = num_known == 0
    with_ends = np.where(present, known, np.inf).min(axis=0, initial=np.inf)
    return _Moments(
        mean=mean,
        deviation=np.sqrt(squares.sum(axis=0) / count),
        minimum=np.where(empty, 0.0, with_ends),
        maximum=np.where(empty, 0.0, np.where(present, known, -np.inf).max(axis=0, initial=-np.inf)),
        num_known=num_known,
    )


def _clip_bounds(
    known: FloatArray, quantiles: _Quantiles, preparation: Preparation
) -> tuple[_Columns, _Columns]:
    if preparation.outliers != "clip":
        width = known.shape[1]
        return np.full(width, -np.inf), np.full(width, np.inf)
    if preparation.outlier_rule == "zscore":
        moments = _moments(known, (~np.isnan(known)).sum(axis=0).astype(np.float64))
        reach = preparation.factor * moments.deviation
        return moments.mean - reach, moments.mean + reach
    low, high = quantiles(*RULE_QUANTILES[preparation.outlier_rule])
    low, high = fences(low, high, preparation.factor)
    return np.nan_to_num(low, nan=-np.inf, neginf=-np.inf), np.nan_to_num(high, nan=np.inf, posinf=np.inf)


def _fill(known: FloatArray, quantiles: _Quantiles, moments: _Moments, preparation: Preparation) -> _Columns:
    if preparation.missing == "mean":
        return moments.mean
    if preparation.missing == "constant":
        return np.full(known.shape[1], preparation.missing_constant)
    if preparation.missing == "most_frequent":
        return np.array([_most_frequent(column[~np.isnan(column)]) for column in known.T])
    return quantiles(0.5)[0]


def _most_frequent(column: FloatArray) -> float:
    """Return the most frequent value, the smallest of those that are equally frequent."""
    if not len(column):
        return np.nan
    values, counts = np.unique(column, return_counts=True)
    return float(values[np.argmax(counts)])


def _center_scale(
    moments: _Moments, quantiles: _Quantiles, low: _Columns, high: _Columns, preparation: Preparation
) -> tuple[_Columns, _Columns]:
    """Return center and scale of an affine method: (x - center) / scale."""
    span = moments.maximum - moments.minimum
    method = preparation.scaling
    if method == "standard":
        return moments.mean, moments.deviation
    if method == "minmax01":
        return moments.minimum, span
    if method == "minmax11":
        return (moments.minimum + moments.maximum) / 2, span / 2
    if method == "robust":
        first, middle, third = (np.clip(part, low, high) for part in quantiles(0.25, 0.5, 0.75))
        # A column that is mostly one value has no interquartile range, or one that blows the others up.
        is_range = third - first > _LEAST_RANGE * moments.deviation
        return middle, np.where(is_range, third - first, moments.deviation)
    if method == "decimal":
        largest = np.maximum(np.abs(moments.minimum), np.abs(moments.maximum))
        digits = np.ceil(np.log10(np.where(largest > 0, largest, 1.0)))
        return np.zeros_like(span), 10.0**digits
    return np.zeros_like(span), np.ones_like(span)
