"""The columns of a table as a person reads them: numbers in their own unit, categories by name."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wellfit.data._cells import is_text, read_labels, read_numbers
from wellfit.data._date_text import find_date_format, parse_dates
from wellfit.data._encoder import Encoder
from wellfit.data._table import Table
from wellfit.records import ColumnSchema, Dataset, IntArray

_LONGEST_CELL = 60


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadableColumn:
    """One column; either `numbers` or `codes` has a value for each row.

    Attributes:
        name: as in the table.
        kind: as in `ColumnSchema`.
        numbers: ``[row]`` float64, NaN where missing; None for categories.
        codes: ``[row]`` places in `labels`, -1 where missing; None for numbers.
        labels: the categories, by name.
    """

    name: str
    kind: str
    numbers: NDArray[np.float64] | None = None
    codes: NDArray[np.intp] | None = None
    labels: tuple[str, ...] = ()

    def take(self, rows: IntArray) -> ReadableColumn:
        """Return the column with these rows alone."""
        return ReadableColumn(
            name=self.name,
            kind=self.kind,
            numbers=None if self.numbers is None else self.numbers[rows],
            codes=None if self.codes is None else self.codes[rows],
            labels=self.labels,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceRows:
    """Where the rows of a data set came from.

    Attributes:
        table: the table.
        holdout: the holdout's own table, or None where it was drawn from `table`.
        rows: ``[row]`` of the table (of the holdout table after its end), as in `Prepared`.
    """

    table: Table
    holdout: Table | None
    rows: IntArray

    def place(self, row: int) -> tuple[Table, int]:
        """Return the table that a row of the data set is in, and its place there from 0."""
        position = int(self.rows[row])
        if position < self.table.num_rows or self.holdout is None:
            return self.table, position
        return self.holdout, position - self.table.num_rows

    def take(self, rows: IntArray) -> Table:
        """Return rows of the data set as a table of the columns that both tables have."""
        if self.holdout is None:
            return self.table.take(self.rows[rows])
        names = [name for name in self.table.column_names if name in self.holdout.column_names]
        both = pl.concat(
            [self.table.frame.select(names), self.holdout.frame.select(names)], how="vertical_relaxed"
        )
        return replace(self.table, frame=both).take(self.rows[rows])

    def cells(self, row: int, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the cells of a row of the data set as they stand in its table."""
        table, place = self.place(row)
        return tuple(_cell(table.frame[name][place]) if name in table.column_names else "" for name in names)


def readable_columns(encoder: Encoder, source: SourceRows, rows: IntArray) -> tuple[ReadableColumn, ...]:
    """Return the columns that the network sees, as they can be read, in file order.

    Args:
        encoder: says what each column is.
        source: where the rows came from.
        rows: ``[n]`` rows of the data set, all of one table.

    Example:
        >>> from wellfit.data import fit_encoder, read_table
        >>> table = read_table({"x": [0.5, 1.5] * 20, "c": ["u", "v"] * 20, "y": ["a", "b"] * 20})
        >>> source = SourceRows(table=table, holdout=None, rows=np.arange(40, dtype=np.int32))
        >>> found = readable_columns(fit_encoder(table, "y"), source, np.array([0, 3], np.int32))
        >>> found[0].numbers.tolist(), found[1].codes.tolist(), found[1].labels
        ([0.5, 1.5], [0, 1], ('u', 'v'))
    """
    if not len(rows):
        return ()
    table, _ = source.place(int(rows[0]))
    offset = 0 if table is source.table else source.table.num_rows
    part = table.take(source.rows[rows] - offset)
    return tuple(
        _readable(column, part) for column in encoder.used_columns if column.name in part.column_names
    )


def array_columns(dataset: Dataset, rows: IntArray) -> tuple[ReadableColumn, ...]:
    """Return the features of the float and code inputs of a data set without a table; no pictures."""
    found: list[ReadableColumn] = []
    for place, values in enumerate(dataset.inputs):
        if values.ndim != 2:
            continue
        names = dataset.feature_names[place] if place < len(dataset.feature_names) else ()
        prefix = "" if len(dataset.inputs) == 1 else f"{dataset.input_names[place]}, "
        for feature in range(values.shape[1]):
            name = names[feature] if feature < len(names) else f"{prefix}feature {feature + 1}"
            numbers = values[rows, feature].astype(np.float64)
            found.append(ReadableColumn(name=name, kind="numeric", numbers=_finite(numbers)))
    return tuple(found)


def _readable(column: ColumnSchema, table: Table) -> ReadableColumn:
    cells = table.frame[column.name]
    if column.kind == "datetime":
        return ReadableColumn(name=column.name, kind=column.kind, numbers=_years(column, cells))
    if column.kind in ("numeric", "integer") and "sentinels" in column.details:
        values = read_numbers(cells, table.decimal).values
        sentinels = np.asarray(column.details["sentinels"], np.float64)
        numbers = np.where(np.isin(values, sentinels), np.nan, values)
        return ReadableColumn(name=column.name, kind=column.kind, numbers=_finite(numbers))
    return _category(column, read_labels(cells))


def _category(column: ColumnSchema, labels: pl.Series) -> ReadableColumn:
    order = column.details.get("categories") if column.kind == "ordinal" else None
    seen = [str(value) for value in labels.drop_nulls().unique().sort().to_list()]
    known = [str(value) for value in order] if isinstance(order, list) else []
    names = [*known, *(value for value in seen if value not in set(known))]
    codes = labels.replace_strict(names, list(range(len(names))), default=-1, return_dtype=pl.Int32)
    return ReadableColumn(
        name=column.name,
        kind=column.kind,
        codes=codes.fill_null(-1).to_numpy().astype(np.intp),
        labels=tuple(names),
    )


def _years(column: ColumnSchema, cells: pl.Series) -> NDArray[np.float64]:
    """Return dates as years with a fraction; a time of the day is too fine to be seen."""
    pattern = str(column.details.get("format", "")) or (find_date_format(cells) if is_text(cells) else "")
    dates = parse_dates(cells, pattern)
    years = dates.dt.year().cast(pl.Float64) + (dates.dt.ordinal_day().cast(pl.Float64) - 1) / 365.25
    return _finite(years.to_numpy().astype(np.float64))


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), values, np.nan)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "missing"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 3] + "..."
