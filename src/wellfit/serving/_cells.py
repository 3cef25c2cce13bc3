"""Cells of raw rows to what the graph takes, one cell at a time: few rows must be quick, without polars.

The outcome is that of `wellfit.data`, which reads columns; a test holds the two together.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import partial

import numpy as np

from wellfit.records import cell_text
from wellfit.serving._signature import Column

_MISSING = frozenset(cell_text.MISSING)
_MISSING_AMONG_NUMBERS = frozenset((*cell_text.MISSING, *cell_text.MISSING_AMONG_NUMBERS))
_TRUE = frozenset((*cell_text.TRUE_FALSE, "1"))
_FALSE = frozenset((*cell_text.TRUE_FALSE.values(), "0"))
_LARGEST = 3.4028234663852886e38  # of float32
_GROUPED = re.compile(cell_text.GROUPED["."])
_MARKS = re.compile(cell_text.MARKS["."])
_SIGNS = re.compile(cell_text.SIGNS)
_IN_BRACKETS = re.compile(r"^\((.*)\)$")
_SIGNED = re.compile(r"^([+-])\s*[$€£¥₹]")
_WHOLE = re.compile(cell_text.WHOLE)
# White space of Unicode; Python's strip() takes four control codes away, too.
_BLANKS = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_NOT_A_NUMBER = re.compile(r"[_\s]")

Cell = float | str
ReadCell = Callable[[object], Cell]


class WrongCellError(ValueError):
    """A cell that is not of its column's kind; the message says what would be."""


def cell_reader(column: Column) -> ReadCell:
    """Return what reads a cell of `column`; it raises `WrongCellError` for what it cannot read.

    Example:
        >>> cell_reader(Column(name="age", tensor="age", kind="number"))("1,234")
        1234.0
        >>> cell_reader(Column(name="plan", tensor="plan", kind="label"))(2.0)
        '2'
    """
    if column.kind == "time":
        return partial(read_time, pattern=column.time_format)
    return {"number": read_number, "boolean": read_boolean, "label": read_label}[column.kind]


def read_number(cell: object) -> float:
    """Return a number, NaN where it is missing or infinite."""
    if type(cell) is float:  # most are
        return cell if -_LARGEST <= cell <= _LARGEST else math.nan
    if isinstance(cell, str):
        return _number_of_text(cell)
    if cell is None:
        return math.nan
    if isinstance(cell, (bool, int, float)):
        return _finite(cell)
    raise WrongCellError("a number")


def read_boolean(cell: object) -> float:
    """Return 1 for true, yes, y, t and on, 0 for their opposites, and a number as it is."""
    if isinstance(cell, str):
        word = cell.strip(_BLANKS).lower()
        if word in _TRUE:
            return 1.0
        if word in _FALSE:
            return 0.0
        try:
            return _number_of_text(cell)
        except WrongCellError:
            raise WrongCellError("true or false") from None
    return read_number(cell)


def read_label(cell: object) -> str:
    """Return the text of a label, empty where it is missing; a whole number has no decimal point."""
    if isinstance(cell, str):
        text = cell.strip(_BLANKS)
        if text.lower() in _MISSING:
            return ""
        return _WHOLE.sub(r"\1", text) if text[-1:] in ("0", ".") else text
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        return "" if math.isnan(cell) else _WHOLE.sub(r"\1", _text_of(cell))
    raise WrongCellError("text or a number")


def read_time(cell: object, pattern: str = "") -> str:
    """Return a time as 2026-01-31T23:59:00 in UTC, empty where it is missing.

    Args:
        cell: text, a date or a time.
        pattern: how the training data wrote it; ISO 8601 is understood whatever it is.
    """
    if cell is None:
        return ""
    moment = cell
    if isinstance(cell, str):
        text = cell.strip(_BLANKS)
        if text.lower() in _MISSING_AMONG_NUMBERS:
            return ""
        moment = _moment(text, pattern)
    if isinstance(moment, datetime):
        return _plain(moment, pattern).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    if isinstance(moment, date):
        return f"{moment.isoformat()}T00:00:00"
    if isinstance(moment, time):
        return f"1970-01-01T{moment.replace(microsecond=0, tzinfo=None).isoformat()}"
    raise WrongCellError(f"a time such as {_example(pattern)}")


def _number_of_text(cell: str) -> float:
    text = cell.strip(_BLANKS)
    if text.lower() in _MISSING_AMONG_NUMBERS:
        return math.nan
    number = _plain_number(text)
    if number is None:
        number = _plain_number(_mended(text))
    if number is None:
        raise WrongCellError("a number")
    return number


def _plain_number(text: str) -> float | None:
    # float() takes underscores, blanks and digits of all scripts, which files do not mean.
    if not text.isascii() or _NOT_A_NUMBER.search(text):
        return None
    try:
        return _finite(float(text))
    except ValueError:
        return None


def _mended(text: str) -> str:
    """Return `text` with signs taken off and groups of thousands joined: "$1,234.50" is 1234.50."""
    bare = _IN_BRACKETS.sub(r"-\1", text).replace("\u2212", "-")
    bare = _SIGNS.sub("", _SIGNED.sub(r"\1", bare)).removeprefix("+")
    return _MARKS.sub("", bare) if _GROUPED.match(bare) else bare


def _finite(number: float) -> float:
    # A whole number may be too large for a float, so it is compared before it becomes one.
    return float(number) if -_LARGEST <= number <= _LARGEST else math.nan


def _text_of(number: float) -> str:
    """Return the text of a float as polars writes it, which differs from Python's for small ones."""
    if 1e-5 <= abs(number) < 1e-4:
        return np.format_float_positional(number)
    return repr(number).replace("e-0", "e-")


def _moment(text: str, pattern: str) -> datetime | time:
    if pattern:
        try:
            return datetime.strptime(text, pattern)
        except ValueError:
            pass
    for read in (datetime.fromisoformat, time.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    raise WrongCellError(f"a time such as {_example(pattern)}")


def _plain(moment: datetime, pattern: str) -> datetime:
    try:
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError:  # in UTC it is before the first year or after the last
        raise WrongCellError(f"a time such as {_example(pattern)}") from None


def _example(pattern: str) -> str:
    return datetime(2026, 1, 31, 23, 59).strftime(pattern or "%Y-%m-%dT%H:%M:%S")
