"""Two methods on one table: whether one is better on the test rows of all splits. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.evaluation._bootstrap import _percentiles, _resamples

Verdict = Literal["win", "tie", "loss"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Paired:
    """The losses of two methods on the test rows of one split.

    Attributes:
        rows: ``[row]`` positions in the table.
        ours: ``[row]`` losses of the one.
        theirs: ``[row]`` losses of the other.
    """

    rows: NDArray[np.int32]
    ours: NDArray[np.float64]
    theirs: NDArray[np.float64]


def paired_difference(
    splits: Sequence[Paired], *, is_rooted: bool, seed: int = 0, num_resamples: int = 2000
) -> tuple[float, float, float]:
    """Return by how much our mean score over the splits is better, with a 95 % interval.

    Rows are drawn with replacement. A row that is a test row of several splits is drawn in all of them at
    once: the splits are not independent. What the draw of the training rows adds is not in the interval.

    Args:
        splits: with the same table.
        is_rooted: whether a score is the root of the mean loss, as for RMSE.
        seed: of the resampling.
        num_resamples: resamples.

    Example:
        >>> rows = np.arange(200, dtype=np.int32)
        >>> pair = Paired(rows=rows, ours=np.full(200, 0.5), theirs=np.full(200, 0.7))
        >>> [round(value, 3) for value in paired_difference([pair, pair], is_rooted=False)]
        [0.2, 0.2, 0.2]

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993; Field and Welsh, Bootstrapping
        Clustered Data, 2007.
    """
    units = np.unique(np.concatenate([one.rows for one in splits]))
    places = [np.searchsorted(units, one.rows) for one in splits]

    def difference(weights: NDArray) -> NDArray:
        parts = [_gain(one, weights[:, place], is_rooted) for one, place in zip(splits, places, strict=True)]
        return np.mean(parts, axis=0)

    estimate = float(difference(np.ones((1, len(units))))[0])
    drawn = _resamples(np.arange(len(units)), num_resamples, np.random.default_rng(seed))
    with np.errstate(invalid="ignore"):  # a resample may hold no row of a small split
        low, high = _percentiles(np.concatenate([difference(weights) for weights in drawn]))
    return estimate, low, high


def _gain(one: Paired, weights: NDArray, is_rooted: bool) -> NDArray:
    total = weights.sum(axis=1)
    ours, theirs = weights @ one.ours / total, weights @ one.theirs / total
    return np.sqrt(theirs) - np.sqrt(ours) if is_rooted else theirs - ours


def verdict(interval: ArrayLike) -> Verdict:
    """Return what difference, low and high say.

    Example:
        >>> verdict((0.1, 0.05, 0.2)), verdict((0.1, -0.05, 0.2)), verdict((-0.1, -0.2, -0.05))
        ('win', 'tie', 'loss')
    """
    _, low, high = np.asarray(interval, np.float64)
    return "win" if low > 0 else "loss" if high < 0 else "tie"
