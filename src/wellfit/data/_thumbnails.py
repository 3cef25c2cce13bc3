"""Pictures made so small that what is fitted to single numbers can be fitted to their pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROWS_AT_A_TIME = 256


def thumbnails(pictures: NDArray[Any], side: int = 12) -> NDArray[np.float32]:
    """Return ``[row, row of pixels, column, channel]`` with at most `side` pixels along each axis.

    Each pixel is the mean of a block; blocks differ by at most one pixel in length.

    Args:
        pictures: ``[row, row of pixels, column, channel]``, of any real type.
        side: most rows and columns.

    Example:
        >>> thumbnails(np.arange(16).reshape(1, 4, 4, 1), side=2).ravel().tolist()
        [2.5, 4.5, 10.5, 12.5]
    """
    parts = []
    for start in range(0, len(pictures), _ROWS_AT_A_TIME):
        some = np.asarray(pictures[start : start + _ROWS_AT_A_TIME], np.float32)
        parts.append(_block_means(_block_means(some, 1, side), 2, side))
    return np.concatenate(parts) if parts else np.zeros((0, *pictures.shape[1:]), np.float32)


def _block_means(values: NDArray[np.float32], axis: int, side: int) -> NDArray[np.float32]:
    size = values.shape[axis]
    if size <= side:
        return values
    edges = np.linspace(0, size, side + 1).astype(int)
    sums = np.add.reduceat(values, edges[:-1], axis=axis)
    shape = [1] * values.ndim
    shape[axis] = side
    return sums / np.diff(edges).astype(np.float32).reshape(shape)
