"""Cells of any column, text or typed, to numbers or labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wellfit.data._number_text import clean_text, is_missing_among_numbers, parse_numbers
from wellfit.records.cell_text import TRUE_FALSE, WHOLE

_TRUE = [*TRUE_FALSE, "1"]
_FALSE = [*TRUE_FALSE.values(), "0"]
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, kw_only=True, eq=False)
class Numbers:
    """A column read as numbers.

    Attributes:
        values: ``[row]`` float64, NaN where there is no finite number.
        num_infinite: how many cells were infinite (or beyond float32).
        wrong: ``[row]`` whether a cell holds something that is neither a number nor missing.
    """

    values: NDArray[np.float64]
    num_infinite: int
    wrong: NDArray[np.bool_]


def is_usable(column: pl.Series) -> bool:
    """Return whether the cells are text, numbers, dates or yes and no, and not lists or other objects."""
    dtype = column.dtype
    return is_text(column) or dtype.is_numeric() or dtype.is_temporal() or dtype in (pl.Boolean, pl.Null)


def is_text(column: pl.Series) -> bool:
    """Return whether the cells are text."""
    return column.dtype in (pl.String, pl.Categorical, pl.Enum)


def read_numbers(column: pl.Series, decimal: str = ".") -> Numbers:
    """Return the numbers of a column; a duration is its seconds, true is 1."""
    if is_text(column):
        plain = _plain_numbers(column, decimal)
        if plain is not None:
            return plain
        text = clean_text(column)
        parsed = parse_numbers(text, decimal)
        wrong = parsed.is_null() & text.is_not_null() & ~is_missing_among_numbers(text)
    else:
        parsed = _as_float(column)
        wrong = parsed.is_null() & column.is_not_null()
    return _finite(parsed.to_numpy().astype(np.float64), wrong.to_numpy().astype(bool))


def read_booleans(column: pl.Series, decimal: str = ".") -> Numbers:
    """Return 1 for true, yes, y, t and on, 0 for their opposites, and numbers as they are."""
    if not is_text(column):
        return read_numbers(column, decimal)
    text = clean_text(column)
    words = text.str.to_lowercase()
    coded = text.set(words.is_in(_TRUE).fill_null(False), "1").set(words.is_in(_FALSE).fill_null(False), "0")
    return read_numbers(coded, decimal)


def read_labels(column: pl.Series) -> pl.Series:
    """Return ``[row]`` text, null where missing; a whole number has no decimal point ("2", not "2.0")."""
    if column.dtype == pl.Boolean:
        return column.cast(pl.String).str.to_titlecase()
    if column.dtype == pl.Duration:
        column = _as_float(column)  # in seconds, as where it is a feature
    if column.dtype.is_float():
        column = column.fill_nan(None)
    return clean_text(column).str.replace(WHOLE, "$1")


def _plain_numbers(column: pl.Series, decimal: str) -> Numbers | None:
    """Return the numbers of a text column that holds nothing else, the usual case, at little cost."""
    if column.dtype != pl.String or decimal != ".":
        return None
    parsed = column.cast(pl.Float64, strict=False)
    if parsed.null_count() != column.null_count():
        return None
    values = parsed.to_numpy()
    if parsed.null_count() == 0 and np.isnan(values).any():
        return None
    return _finite(values, np.zeros(len(values), dtype=bool))


def _as_float(column: pl.Series) -> pl.Series:
    if column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
        return column.cast(pl.Float64)
    if column.dtype == pl.Duration:
        return column.dt.total_microseconds().cast(pl.Float64) / 1e6
    return pl.Series(column.name, [None] * len(column), dtype=pl.Float64)


def _finite(parsed: NDArray[np.float64], wrong: NDArray[np.bool_]) -> Numbers:
    infinite = np.abs(parsed) > _LARGEST
    num_infinite = int(infinite.sum())
    values = np.where(infinite, np.nan, parsed) if num_infinite else parsed
    return Numbers(values=values, num_infinite=num_infinite, wrong=wrong)
