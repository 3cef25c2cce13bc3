"""Pictures as few columns: what is computed column by column must not see every pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data import in_parts, picked
from wellfit.evaluation import matched

Array = NDArray[Any]

_MOST_COLUMNS = 200  # of a small picture: 8 x 8 places of three channels, 14 x 14 of one
_MOST_PICTURES = 256  # whose pixels tell the unit of each channel
_CHANNELS = {1: ("grey",), 3: ("red", "green", "blue")}


def is_pictures(values: Array) -> bool:
    """Return whether an input holds pictures, ``[row, row of pixels, column of pixels, channel]``."""
    return values.ndim == 4 and np.issubdtype(values.dtype, np.number)


def small_pictures(values: Array) -> Array:
    """Return ``[row, feature]`` float64: means over blocks of pixels, at most 200 of them.

    Args:
        values: ``[row, row of pixels, column of pixels, channel]``.

    Example:
        >>> small_pictures(np.arange(16.0).reshape(1, 4, 4, 1)).shape
        (1, 16)
    """
    count, rows, columns, channels = values.shape
    side = max(1, int(np.sqrt(_MOST_COLUMNS / channels)))
    tall, wide = _edges(rows, side), _edges(columns, side)
    sizes = np.multiply.outer(np.diff([*tall, rows]), np.diff([*wide, columns]))[None, :, :, None]
    small = np.zeros((count, len(tall), len(wide), channels))
    for where in in_parts(values, np.dtype(np.float64).itemsize):
        part = np.asarray(values[where], np.float64)
        sums = np.add.reduceat(np.add.reduceat(part, tall, axis=1), wide, axis=2)
        small[where] = sums / sizes
    return small.reshape(count, -1)


def levels(values: Array) -> Array:
    """Return ``[row, channel]`` the mean level of each channel of each picture."""
    found = [
        np.asarray(values[where]).mean(axis=(1, 2), dtype=np.float64)
        for where in in_parts(values, np.dtype(np.float64).itemsize)
    ]
    return np.concatenate(found) if found else np.zeros((0, values.shape[-1]))


def pixels(values: Array) -> Array:
    """Return ``[pixel, channel]`` the pixels of some pictures, spread over all."""
    some = values[:: -(-len(values) // _MOST_PICTURES)]
    return np.asarray(some, np.float64).reshape(-1, values.shape[-1])


def channel_name(index: int, num_channels: int) -> str:
    """Return what a channel is called.

    Example:
        >>> channel_name(1, 3), channel_name(1, 2)
        ('channel green', 'channel 1')
    """
    names = _CHANNELS.get(num_channels, ())
    return f"channel {names[index]}" if index < len(names) else f"channel {index}"


def matched_input(values: Array, train: Array, rows: Array, columns: NDArray[np.intp]) -> Array:
    """Return the given rows of an input with the moments of its training rows, where columns are named.

    Args:
        values: ``[row, feature]``, or pictures; their columns are channels, whose moments are those of the
            mean levels of pictures.
        train: rows that have the right moments.
        rows: rows to be mended.
        columns: features or channels to be mended.
    """
    if not is_pictures(values):
        x = np.asarray(values, np.float64)
        return matched(x[train], x[rows], columns)
    own = levels(picked(values, rows))
    wanted = matched(levels(picked(values, train)), own, columns)
    mended = np.array(values[rows], np.float32)
    for channel in columns:
        before, after = own[:, channel], wanted[:, channel]
        factor = after.std() / before.std() if before.std() > 0 else 1.0
        mended[..., channel] = (mended[..., channel] - before.mean()) * factor + after.mean()
    return mended


def _edges(length: int, parts: int) -> NDArray[np.intp]:
    """Return where blocks begin that cut a length into at most so many parts, alike in size."""
    return np.unique(np.linspace(0, length, min(parts, length), endpoint=False).astype(np.intp))
