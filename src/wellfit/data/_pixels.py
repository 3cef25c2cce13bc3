"""Pixels are kept as they are stored, a byte each, and become real numbers where they are computed with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_AXES = 3  # of an array of grey pictures; fewer axes hold codes or features, of any width


def are_pixels(values: NDArray[Any]) -> bool:
    """Return whether an array holds pictures of 8 bits: ``[picture, row, column]`` or with channels.

    Example:
        >>> are_pixels(np.zeros((2, 4, 4, 3), np.uint8)), are_pixels(np.zeros((2, 4), np.uint8))
        (True, False)
    """
    return values.dtype == np.uint8 and values.ndim >= _AXES


def is_real(values: NDArray[Any]) -> bool:
    """Return whether a network gets an array as real numbers: floats, and pixels.

    Example:
        >>> is_real(np.zeros((2, 4, 4, 3), np.uint8)), is_real(np.zeros(2, np.int32))
        (True, False)
    """
    return bool(np.issubdtype(values.dtype, np.floating)) or are_pixels(values)


def computable(values: NDArray[Any]) -> NDArray[Any]:
    """Return some rows as a network computes with them: pixels as float32, all else as it is.

    Example:
        >>> computable(np.full((1, 1, 1, 1), 255, np.uint8)).dtype
        dtype('float32')
    """
    return values.astype(np.float32) if are_pixels(values) else values
