"""Rows as plain features, for models that know nothing of pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data import is_real
from wellfit.records import Dataset

Array = NDArray[Any]

_MOST = 512  # numbers of a picture: a linear model of every pixel costs more than it tells
_AT_A_TIME = 256  # pictures


def flat_rows(dataset: Dataset, rows: Array) -> Array:
    """Return ``[row, feature]`` float64: all inputs side by side, flattened.

    A large picture is made smaller first: its pixels are averaged in square blocks, so that at most about
    512 numbers are left.

    Args:
        dataset: the data.
        rows: ``[row]`` indices.
    """
    return np.concatenate([_flat(values, rows) for values in dataset.inputs], axis=1)


def _flat(values: Array, rows: Array) -> Array:
    side = _block(values)
    if side == 1:
        return np.asarray(values[rows], np.float64).reshape(len(rows), -1)
    height, width, channels = values.shape[1] // side, values.shape[2] // side, values.shape[3]
    small = np.empty((len(rows), height * width * channels))
    for start in range(0, len(rows), _AT_A_TIME):
        some = np.asarray(values[rows[start : start + _AT_A_TIME]])[:, : height * side, : width * side]
        blocks = some.reshape(len(some), height, side, width, side, channels)
        small[start : start + len(some)] = blocks.mean(axis=(2, 4), dtype=np.float32).reshape(len(some), -1)
    return small


def _block(values: Array) -> int:
    """Return the side of the blocks that are averaged; 1 for what is no large picture."""
    if values.ndim != 4 or not is_real(values):
        return 1
    wanted = int(np.ceil(np.sqrt(np.prod(values.shape[1:]) / _MOST)))
    return max(1, min(wanted, *values.shape[1:3]))
