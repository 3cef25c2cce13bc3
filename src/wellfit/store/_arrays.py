"""Arrays as bytes and back, with nothing in them that could run."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.records import DataError

Array = NDArray[Any]

# Weights hardly get smaller, and to find that out takes longer than to write them.
_LARGE_BYTES = 2**24


def pack(arrays: Mapping[str, Array]) -> bytes:
    """Return arrays as an ``.npz`` file in memory, compressed unless they are large; empty for none.

    Args:
        arrays: name to numbers.

    Raises:
        DataError: an array holds objects, which only pickle could write.

    Example:
        >>> unpack(pack({"loss": np.array([0.5, 0.25])}))["loss"].tolist()
        [0.5, 0.25]
    """
    if not arrays:
        return b""
    for name, values in arrays.items():
        if np.asarray(values).dtype.hasobject:
            raise DataError(
                "objects cannot be stored.", received=f"{name}, an array of objects", expected="numbers"
            )
    stream = io.BytesIO()
    write = np.savez if sum(np.asarray(v).nbytes for v in arrays.values()) > _LARGE_BYTES else _compressed
    write(stream, **arrays)  # pyright: ignore[reportArgumentType]
    return stream.getvalue()


def _compressed(stream: io.BytesIO, **arrays: Any) -> None:
    np.savez_compressed(stream, **arrays)


def unpack(body: bytes) -> dict[str, Array]:
    """Return the arrays that `pack` wrote.

    Raises:
        DataError: the bytes are not such a file, or hold objects.
    """
    if not body:
        return {}
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, KeyError) as error:
        raise DataError(
            "the arrays of a stored run cannot be read.",
            received=f"{len(body)} bytes ({type(error).__name__})",
            expected="what the study wrote",
            fix="start the study anew",
        ) from error
