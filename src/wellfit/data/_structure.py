"""Whether every line of a delimited file has as many fields as the first, counted before it is parsed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CHUNK = 1 << 24


@dataclass(frozen=True, kw_only=True, eq=False)
class Structure:
    """Records (lines that do not end within quotes) of a file.

    Attributes:
        starts: ``[record]`` position of the first byte.
        num_fields: ``[record]`` number of fields; 0 for a blank line.
        closed: whether every quote is closed; if not, quotes do not quote in this file.
    """

    starts: NDArray[np.int64]
    num_fields: NDArray[np.int64]
    closed: bool


def scan(data: bytes, delimiter: str, quote: str) -> Structure:
    """Return the records of `data` (UTF-8, lines ending with a line feed)."""
    if not data.endswith(b"\n"):
        data += b"\n"
    bytes_all = np.frombuffer(data, dtype=np.uint8)
    quote_code = ord(quote) if quote and quote.encode() in data else -1
    ends: list[NDArray[np.int64]] = []
    marks: list[NDArray[np.int64]] = []
    parity = 0
    for start in range(0, len(bytes_all), _CHUNK):
        chunk = bytes_all[start : start + _CHUNK]
        outside, parity = _outside_quotes(chunk, quote_code, parity)
        ends.append(np.flatnonzero((chunk == 10) & outside) + start)
        marks.append(np.flatnonzero((chunk == ord(delimiter)) & outside) + start)
    return _records(bytes_all, np.concatenate(ends), np.concatenate(marks), closed=parity == 0)


def _outside_quotes(chunk: NDArray[np.uint8], quote: int, parity: int) -> tuple[NDArray[np.bool_], int]:
    if quote < 0:
        return np.ones(len(chunk), dtype=bool), 0
    count = np.cumsum(chunk == quote, dtype=np.int32) + parity
    return count % 2 == 0, int(count[-1] % 2)


def _records(
    data: NDArray[np.uint8], ends: NDArray[np.int64], marks: NDArray[np.int64], *, closed: bool
) -> Structure:
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else np.zeros(0, dtype=np.int64)
    num_marks = np.diff(np.searchsorted(marks, ends), prepend=0)
    length = ends - starts
    # Only short records can be blank, so only they are looked at.
    blank = np.zeros(len(starts), dtype=bool)
    for i in np.flatnonzero((length < 80) & (num_marks == 0)):
        blank[i] = not data[starts[i] : ends[i]].tobytes().strip()
    return Structure(starts=starts, num_fields=np.where(blank, 0, num_marks + 1), closed=closed)
