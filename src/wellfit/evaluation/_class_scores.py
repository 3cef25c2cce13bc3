"""Precision, recall and F1 of each class, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from wellfit.evaluation._blocks import block_codes, drawn_blocks, percentile_interval
from wellfit.evaluation._check import Codes, Float64Array
from wellfit.records import ClassScores, Scored

MOST_CLASSES = 60
_NORMAL = 1.959964


def class_scores(
    target: Codes,
    probability: Float64Array,
    names: Sequence[str],
    *,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> tuple[ClassScores, ...]:
    """Return how well each class is found, of at most 60 classes.

    Precision and recall have Wilson's interval, and where rows come in groups the wider of it and of a
    bootstrap of groups; F1 has one of the bootstrap.

    Args:
        target: ``[row]`` class codes.
        probability: ``[row, class]``, finite.
        names: of the classes.
        groups: ``[row]`` codes of rows that belong together, or None.
        seed: of the bootstrap.

    Example:
        >>> said = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7]])
        >>> [(one.label, one.support, one.recall.value) for one in class_scores(
        ...     np.array([0, 0, 1]), said, ("no", "yes"))]
        [('no', 2, 0.5), ('yes', 1, 1.0)]

    Source:
        Wilson, Probable Inference, the Law of Succession, and Statistical Inference, 1927.
    """
    size = probability.shape[1]
    guess = probability.argmax(axis=1)
    blocks = block_codes(len(target), groups, seed)
    num_blocks = int(blocks.max()) + 1
    right = guess == target
    hits, rows, marks = (
        np.bincount(blocks[some] * size + codes[some], minlength=num_blocks * size).reshape(num_blocks, size)
        for some, codes in ((right, target), (slice(None), target), (slice(None), guess))
    )
    drawn = drawn_blocks(num_blocks, seed)
    shown = min(size, MOST_CLASSES)
    redrawn = [drawn @ counts[:, :shown] for counts in (hits, rows, marks)]
    found: list[ClassScores] = []
    for code in range(shown):
        hit, row, mark = (int(counts[:, code].sum()) for counts in (hits, rows, marks))
        again = [counts[:, code] for counts in redrawn]
        by_group = None if groups is None else again
        found.append(
            ClassScores(
                label=names[code] if code < len(names) else str(code),
                support=row,
                num_predicted=mark,
                precision=_share(hit, mark, None if by_group is None else (by_group[0], by_group[2])),
                recall=_share(hit, row, None if by_group is None else (by_group[0], by_group[1])),
                f1=_f1(2 * hit, row + mark, _ratio(2 * again[0], again[1] + again[2])),
            )
        )
    return tuple(found)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share; NaN without rows.

    Example:
        >>> [round(end, 3) for end in wilson(3, 3)]
        [0.439, 1.0]
    """
    if not count:
        return np.nan, np.nan
    share, square = hits / count, _NORMAL**2 / count
    center = (share + square / 2) / (1 + square)
    half = np.sqrt(share * (1 - share) * square + square**2 / 4) / (1 + square)
    return max(float(center - half), 0.0), min(float(center + half), 1.0)


def _share(hits: int, count: int, drawn: tuple[Float64Array, Float64Array] | None) -> Scored:
    low, high = wilson(hits, count)
    if drawn is not None and count:
        ends = percentile_interval(_ratio(*drawn))
        low, high = np.fmin(low, ends[0]), np.fmax(high, ends[1])
    return Scored(value=hits / count if count else np.nan, low=float(low), high=float(high))


def _f1(top: int, bottom: int, drawn: Float64Array) -> Scored:
    # A class that is never hit, or never missed, is so in every resample: that is no knowledge.
    low, high = percentile_interval(drawn) if 0 < top < bottom else (np.nan, np.nan)
    return Scored(value=top / bottom if bottom else np.nan, low=low, high=high)


def _ratio(top: Float64Array, bottom: Float64Array) -> Float64Array:
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)
