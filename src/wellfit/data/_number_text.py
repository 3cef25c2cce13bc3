"""Numbers, missing cells and yes-or-no words that are written as text."""

from __future__ import annotations

import polars as pl

from wellfit.records.cell_text import GROUPED, MARKS, MISSING, MISSING_AMONG_NUMBERS, SIGNS, TRUE_FALSE

_LEADING_ZERO = r"^\s*0\d+\s*$"


def clean_text(column: pl.Series) -> pl.Series:
    """Return text without outer blanks, with missing cells as null."""
    stripped = column.cast(pl.String).str.strip_chars()
    missing = stripped.str.to_lowercase().is_in(MISSING)
    return stripped.set(missing.fill_null(True), None)


def parse_numbers(text: pl.Series, decimal: str = ".") -> pl.Series:
    """Return ``[row]`` float64 of cleaned text; null where a cell is not a number.

    Understands "1,234", "12 %", "$3.50", "(5)" for -5, and with ``decimal=","`` "1.234,5".

    Example:
        >>> import polars as pl
        >>> parse_numbers(pl.Series(["1,234", "12 %", "abc"])).to_list()
        [1234.0, 12.0, None]
    """
    plain = text if decimal == "." else text.set(text.str.contains(r"[.,]").fill_null(False), None)
    values = plain.cast(pl.Float64, strict=False)
    rest = values.is_null() & text.is_not_null()
    if not rest.any():
        return values
    odd = text.filter(rest)
    # Most columns of words hold no digit at all: there is nothing to mend.
    if not odd.str.contains(r"\d").any():
        return values
    mended = _mend(odd, decimal).cast(pl.Float64, strict=False)
    return values.scatter(rest.arg_true(), mended)


def _mend(text: pl.Series, decimal: str) -> pl.Series:
    """Return `text` with signs taken off, groups of thousands joined and a point as decimal mark."""
    bare = text.str.replace(r"^\((.*)\)$", "-$1").str.replace_all("\u2212", "-", literal=True)
    bare = bare.str.replace(r"^([+-])\s*[$€£¥₹]", "$1").str.replace_all(SIGNS, "").str.replace(r"^\+", "")
    grouped = bare.str.contains(GROUPED[decimal])
    joined = bare.str.replace_all(MARKS[decimal], "")
    mended = pl.select(pl.when(grouped).then(joined).otherwise(bare)).to_series()
    if decimal == ".":
        return mended
    # A cell of a file with decimal commas that has a point and no comma is a plain number.
    return mended.str.replace(",", ".", literal=True)


def has_leading_zeros(text: pl.Series) -> bool:
    """Return whether digits start with 0, as in postal codes: such text is a code and not a number."""
    return bool(text.str.contains(_LEADING_ZERO).any())


def is_missing_among_numbers(text: pl.Series) -> pl.Series:
    """Return ``[row]`` whether a cleaned cell means "missing" in a column of numbers or dates."""
    return text.str.to_lowercase().is_in(MISSING_AMONG_NUMBERS).fill_null(False)


def boolean_words(words: set[str]) -> tuple[str, str] | None:
    """Return the (false, true) words if `words` (lower case) are such a pair, else None.

    Example:
        >>> boolean_words({"yes", "no"})
        ('no', 'yes')
    """
    for true, false in TRUE_FALSE.items():
        if words == {true, false}:
            return false, true
    return None
