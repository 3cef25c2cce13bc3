"""Text that came from outside (names of columns, classes, remedies), made safe to lay out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from wellfit.report._numbers import number

_JOINERS = "\u200c\u200d"  # needed inside words of some scripts; every other format character is dropped


def clean(text: str) -> str:
    """Return one line of printable text: control, direction and line-break characters become spaces.

    Example:
        >>> clean("two\\nlines")
        'two lines'
    """
    return "".join(char if char.isprintable() or char in _JOINERS else " " for char in text)


def cell_width(text: str) -> int:
    """Return how many terminal cells `text` takes: wide characters take two, combining ones none."""
    return sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if unicodedata.combining(char) or char in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def shorten_to(text: str, cells: int) -> str:
    """Return `text`, cut in the middle where it takes more than `cells`, as both ends tell names apart.

    Example:
        >>> shorten_to("a_very_long_column_name", 11)
        'a_ver...ame'
    """
    text = clean(text)
    if cell_width(text) <= cells:
        return text
    if cells <= 5:
        return _head(text, cells)
    tail = (cells - 3) * 2 // 5
    return _head(text, cells - 3 - tail) + "..." + _head(text[::-1], tail)[::-1]


def _head(text: str, cells: int) -> str:
    used = 0
    for position, char in enumerate(text):
        used += _cells(char)
        if used > cells:
            return text[:position]
    return text


def pad(text: str, cells: int) -> str:
    """Return `text` followed by spaces up to `cells`."""
    return text + " " * max(cells - cell_width(text), 0)


def wrap(text: str, cells: int, indent: str = "") -> Iterator[str]:
    """Yield lines of at most `cells`, broken at spaces, and inside a word only where it is too long."""
    line = ""
    for word in _pieces(clean(text), cells - len(indent)):
        if line and cell_width(line) + 1 + cell_width(word) > cells - len(indent):
            yield indent + line
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield indent + line


def _pieces(text: str, cells: int) -> Iterator[str]:
    for word in re.split(" +(?!%)", text.strip(" ")):  # no line begins with the sign of a number before it
        rest = word
        while cell_width(rest) > cells:
            head = _head(rest, cells) or rest[:1]
            yield head
            rest = rest[len(head) :]
        if rest:
            yield rest


def plain(value: object) -> str:
    """Return a setting, an option or a piece of evidence as text.

    Example:
        >>> plain(0.0001), plain(None), plain({"folds": 5}), plain([1, 2])
        ('0.0001', 'none', 'folds=5', '1, 2')
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{clean(str(name))}={plain(inner)}" for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(inner) for inner in value)
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, float):
        return _compact(value)
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else clean(str(value))


def _compact(value: float) -> str:
    """Settings such as 1e-4 and 0.3 read best in their short form; measured floats in three digits."""
    short = f"{value:g}"
    return (
        number(value)
        if len(short) > 6 and "e" not in short
        else short.replace("e-0", "e-").replace("e+0", "e")
    )


def count(quantity: int, singular: str, plural: str = "") -> str:
    """Return ``1 row`` or ``1,409 rows``."""
    return f"{quantity:,} {singular if quantity == 1 else plural or singular + 's'}"
