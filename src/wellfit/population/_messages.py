"""Messages between a process and its worker: pickled values in frames on a pair of pipes."""

from __future__ import annotations

import pickle
import struct
from typing import Any, BinaryIO

_HEADER = struct.Struct("<Q")


def send(stream: BinaryIO, message: Any) -> None:
    """Write one message.

    Raises:
        OSError: nobody reads the stream any more.
    """
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
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
