"""Arrays that are mapped from a file and may be larger than memory: read in parts, and joined on disk."""

from __future__ import annotations

import mmap
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_PART_BYTES = 2**24  # that are read or written at once
_MOST_JOINED = 2**26  # bytes that may come into memory


def is_mapped(values: Any) -> bool:
    """Return whether an array, or what it is a part of, is mapped from a file.

    Example:
        >>> is_mapped(np.zeros(3))
        False
    """
    while isinstance(values, np.ndarray):
        values = values.base
    return isinstance(values, mmap.mmap)


class PickedRows:
    """Rows of a mapped array in any order; only those of a slice are read, when it is taken.

    Args:
        values: ``[row, ...]``.
        rows: ``[n]`` indices.
    """

    def __init__(self, values: Array, rows: Array) -> None:
        self._values, self._rows = values, rows
        self.shape: tuple[int, ...] = (len(rows), *values.shape[1:])
        self.dtype, self.ndim = values.dtype, values.ndim

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, where: Any) -> Array:
        return np.asarray(self._values[self._rows[where]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self[:], dtype)


def picked(values: Array, rows: Array) -> Any:
    """Return ``values[rows]``, of a mapped array as `PickedRows`: for whoever reads it slice by slice."""
    return PickedRows(values, np.asarray(rows)) if is_mapped(values) else values[rows]


def in_parts(values: Any, item_bytes: int | None = None) -> Iterator[slice]:
    """Return slices of rows that are small enough to be computed with, in order.

    Args:
        values: ``[row, ...]``.
        item_bytes: of a number while it is computed with; those of the array itself if None.

    Example:
        >>> list(in_parts(np.zeros((3, 2**20)), 8))
        [slice(0, 2, None), slice(2, 3, None)]
    """
    each = int(np.prod(values.shape[1:], dtype=np.int64)) * (item_bytes or values.dtype.itemsize)
    size = max(1, _PART_BYTES // max(each, 1))
    return (slice(start, min(start + size, len(values))) for start in range(0, len(values), size))


def joined_rows(parts: Sequence[Array]) -> Array:
    """Return rows of several arrays one after the other: in a file where one is mapped and they are large.

    The file goes when nothing refers to the array any more, at the latest with the process.

    Args:
        parts: ``[row, ...]`` each, alike in all but the number of rows.

    Raises:
        OSError: there is no room for the file.
    """
    is_small = sum(part.nbytes for part in parts) <= _MOST_JOINED
    if is_small or not any(is_mapped(part) for part in parts):
        return np.concatenate(parts)
    shape = (sum(len(part) for part in parts), *parts[0].shape[1:])
    folder = Path(tempfile.mkdtemp(prefix=".joined-", dir=_room()))
    path = folder / "images.npy"
    try:
        whole: Any = np.lib.format.open_memmap(path, mode="w+", dtype=np.result_type(*parts), shape=shape)
        start = 0
        for part in parts:
            for where in in_parts(part):
                whole[start + where.start : start + where.stop] = part[where]
            start += len(part)
        whole.flush()
        del whole
        mapped: Any = np.load(path, mmap_mode="r")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(mapped.base, shutil.rmtree, folder, ignore_errors=True)
    return mapped


def _room() -> Path | None:
    """Return the cache where pictures are kept; a folder for temporary files may itself lie in memory."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = home / "wellfit" / "pictures"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return place if os.access(place, os.W_OK) else None
