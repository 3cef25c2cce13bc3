"""More rows of rare classes, or fewer of common ones, by indices alone: no row is copied."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.records import IntArray

_FEWEST = 20
"""Rows of a class that undersampling leaves at least: a class that is rarer still would empty the others."""


def oversampled(rows: IntArray, classes: NDArray[Any], seed: int) -> IntArray:
    """Return `rows` with rows of rarer classes repeated until each class has as many as the largest.

    Every row of a class is repeated equally often, give or take one, and chance decides which is one more.

    Args:
        rows: ``[n]`` training rows.
        classes: ``[n]`` their class codes.
        seed: of what is drawn.

    Example:
        >>> rows = np.arange(5, dtype=np.int32)
        >>> sorted(oversampled(rows, np.array([0, 0, 0, 0, 1]), seed=0).tolist())
        [0, 1, 2, 3, 4, 4, 4, 4]
    """
    rng = np.random.default_rng(seed)
    names, counts = np.unique(classes, return_counts=True)
    more = []
    for name, count in zip(names, counts, strict=True):
        own = rows[classes == name]
        missing = counts.max() - count
        more += [np.tile(own, missing // count), rng.choice(own, missing % count, replace=False)]
    return np.concatenate([rows, *more]).astype(np.int32)


def undersampled(rows: IntArray, classes: NDArray[Any], seed: int) -> IntArray:
    """Return `rows` with as many rows of each class as the rarest has (but 20 at least), drawn by chance.

    Args:
        rows: ``[n]`` training rows.
        classes: ``[n]`` their class codes.
        seed: of what is drawn.

    Example:
        >>> classes = np.repeat([0, 1], [100, 25])
        >>> kept = undersampled(np.arange(125, dtype=np.int32), classes, seed=0)
        >>> np.bincount(classes[kept]).tolist()
        [25, 25]
    """
    rng = np.random.default_rng(seed)
    names, counts = np.unique(classes, return_counts=True)
    limit = max(int(counts.min()), _FEWEST)
    kept = []
    for name, count in zip(names, counts, strict=True):
        own = rows[classes == name]
        kept.append(own if count <= limit else rng.choice(own, limit, replace=False))
    return np.sort(np.concatenate(kept)).astype(np.int32)
