"""Cells in one form for each kind of column, whatever way they were written."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from wellfit.data._cells import is_text, read_booleans, read_labels, read_numbers
from wellfit.data._date_text import find_date_format, parse_dates
from wellfit.data._encoder import Encoder
from wellfit.data._number_text import clean_text
from wellfit.data._table import Table
from wellfit.records import ColumnSchema


def canonical_table(encoder: Encoder, table: Table) -> Table:
    """Return the columns that the network sees, in the order of the training data, each in one form.

    Numbers and truth values become float64 and labels text; times become typed ones in UTC, to the
    microsecond. What is missing is null, and so is what cannot be read. The encoder makes the same inputs of
    the outcome as of `table`.

    Args:
        encoder: from `fit_encoder`.
        table: with the columns that the network sees, in any order.

    Example:
        >>> from wellfit.data import fit_encoder, read_table
        >>> table = read_table({"x": ["1,000", "2 %"] * 20, "y": ["a", "b"] * 20})
        >>> canonical_table(fit_encoder(table, "y"), table).frame["x"].to_list()[:2]
        [1000.0, 2.0]
    """
    columns = [_canonical(column, table).alias(column.name) for column in encoder.used_columns]
    return replace(table, frame=pl.DataFrame(columns), decimal=".")


def _canonical(column: ColumnSchema, table: Table) -> pl.Series:
    cells = table.frame[column.name]
    if column.kind in ("category", "ordinal"):
        return read_labels(cells)
    if column.kind == "datetime":
        known = clean_text(cells) if cells.dtype == pl.String else cells
        pattern = str(column.details["format"]) or (find_date_format(known) if is_text(known) else "")
        return parse_dates(known, pattern)
    read = read_booleans if column.details["words"] else read_numbers
    return pl.Series(read(cells, table.decimal).values).fill_nan(None)
