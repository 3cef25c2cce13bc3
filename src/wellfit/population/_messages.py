"""Messages between a process and its worker: pickled values in frames on a pair of pipes."""

from __future__ import annotations

import io
import mmap
import pickle
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

_HEADER = struct.Struct("<Q")


class _Pickler(pickle.Pickler):
    """Sends arrays that are mapped from a file by the name of the file, not by their content."""

    def reducer_override(self, obj: Any) -> Any:
        """Return how a mapped array is opened again; of everything else, as usual."""
        if type(obj) is not np.memmap or not _is_whole_map(obj):
            return NotImplemented
        return _mapped, (str(Path(str(obj.filename)).absolute()), obj.dtype, obj.offset, obj.shape)


def _is_whole_map(values: Any) -> bool:
    """Return whether an array is all of a file's map, in order: a part of it has lost its own offset."""
    is_own = isinstance(values.base, mmap.mmap) and values.flags.c_contiguous
    return is_own and values.mode == "r" and values.filename is not None and Path(values.filename).is_file()


def _mapped(path: str, dtype: np.dtype[Any], offset: int, shape: tuple[int, ...]) -> Any:
    return np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape)


def send(stream: BinaryIO, message: Any) -> None:
    """Write one message.

    Raises:
        OSError: nobody reads the stream any more.
    """
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(message)
    body = buffer.getbuffer()
    stream.write(_HEADER.pack(len(body)))
    stream.write(body)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one message; only from a process of one's own, for it is unpickled.

    Raises:
        EOFError: the stream has ended, also in the middle of a message.
    """
    (length,) = _HEADER.unpack(_exactly(stream, _HEADER.size))
    return pickle.loads(_exactly(stream, length))


def _exactly(stream: BinaryIO, length: int) -> bytes:
    parts = []
    while length > 0:
        part = stream.read(min(length, 1 << 26))
        if not part:
            raise EOFError("the stream has ended")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
