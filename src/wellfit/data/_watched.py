"""The columns of a table as they are watched in use: plain numbers and labels, nothing filled or scaled."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wellfit.data._cells import is_text, read_booleans, read_labels, read_numbers
from wellfit.data._date_text import find_date_format, parse_dates
from wellfit.data._encoder import Encoder
from wellfit.data._number_text import clean_text
from wellfit.data._table import Table
from wellfit.records import ColumnSchema

Watched = tuple[Literal["number", "date", "category"], Any]
"""A kind, and ``[row]`` numbers (NaN is missing) or labels (None is missing)."""

_MICROSECONDS_A_DAY = 86_400e6


def watched_columns(encoder: Encoder, table: Table) -> dict[str, Watched]:
    """Return the columns that the network sees, read as the encoder reads them, by name.

    Sentinels are missing, words for yes and no are 1 and 0, dates are days since 1970. Columns that the table
    lacks are left out.

    Args:
        encoder: says what each column is.
        table: rows.

    Example:
        >>> from wellfit.data import fit_encoder, read_table
        >>> table = read_table({"x": [0.5, 1.5] * 20, "c": ["u", "v"] * 20, "y": ["a", "b"] * 20})
        >>> found = watched_columns(fit_encoder(table, "y"), table.take([0, 1]))
        >>> found["x"][1].tolist(), found["c"]
        ([0.5, 1.5], ('category', ['u', 'v']))
    """
    known = [column for column in encoder.used_columns if column.name in table.column_names]
    return {column.name: _watched(column, table) for column in known}


def _watched(column: ColumnSchema, table: Table) -> Watched:
    cells = table.frame[column.name]
    if column.kind == "datetime":
        return "date", _days(column, cells)
    if column.kind in ("category", "ordinal"):
        return "category", read_labels(cells).to_list()
    read = read_booleans if column.details.get("words") else read_numbers
    values = read(cells, table.decimal).values
    sentinels = np.asarray(column.details.get("sentinels", ()), np.float64)
    return "number", np.where(np.isin(values, sentinels), np.nan, values)


def _days(column: ColumnSchema, cells: pl.Series) -> NDArray[np.float64]:
    known = clean_text(cells) if cells.dtype == pl.String else cells
    pattern = str(column.details.get("format", "")) or (find_date_format(known) if is_text(known) else "")
    dates = parse_dates(known, pattern)
    return dates.dt.timestamp("us").cast(pl.Float64).to_numpy().astype(np.float64) / _MICROSECONDS_A_DAY
