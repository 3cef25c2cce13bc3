"""Rows that belong together, and the order of rows in time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wellfit.data._cells import is_text, is_usable, read_labels, read_numbers
from wellfit.data._date_text import find_date_format, parse_dates
from wellfit.data._encoder import Encoder
from wellfit.data._number_text import clean_text
from wellfit.data._table import Table
from wellfit.records import DataError, IntArray

MIN_DISTINCT = 20


def row_groups(encoder: Encoder, table: Table, inputs: tuple[NDArray[np.generic], ...]) -> IntArray | None:
    """Return ``[row]`` group codes: rows of one user group, and rows that look alike to the network."""
    duplicates = duplicate_codes(inputs)
    if encoder.group not in table.column_names:
        return duplicates
    groups = label_codes(encoder.group, [table])
    return groups if duplicates is None else merge_groups(groups, duplicates)


def label_codes(name: str, tables: Sequence[Table]) -> IntArray:
    """Return ``[row]`` codes of a column of groups over the rows of all tables, one table after the other.

    A row whose group is not known stands alone.

    Raises:
        DataError: cells of the column are lists or objects.

    Example:
        >>> from wellfit.data import read_table
        >>> tables = [read_table({"who": who}) for who in ([2, 1, None], ["1", "3"])]
        >>> label_codes("who", tables).tolist()
        [1, 0, 3, 0, 2]
    """
    for table in tables:
        _refuse_nested(table, name)
    labels = pl.concat([read_labels(table.column(name)) for table in tables])
    groups = labels.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    alone = labels.is_null().to_numpy()
    groups[alone] = groups.max(initial=0) + 1 + np.arange(alone.sum())
    return dense(groups)


def _refuse_nested(table: Table, name: str) -> None:
    if not is_usable(table.column(name)):
        raise DataError(
            f"column {name!r} of {table.name} cannot name groups.",
            received=f"cells of type {table.column(name).dtype}",
            expected="a number or a label in each row",
            fix="choose another column",
        )


def duplicate_codes(inputs: tuple[NDArray[np.generic], ...]) -> IntArray | None:
    """Return ``[row]`` equal codes for rows with equal inputs; None if there are none, or nothing else.

    With fewer than 20 distinct rows equal rows are the nature of the data, and keeping them
    together would leave nothing to split.
    """
    return as_groups(row_codes(inputs))


def as_groups(codes: IntArray) -> IntArray | None:
    """Return ``[row]`` codes of copies; None where no row has a copy, or where there are hardly other rows.

    Example:
        >>> as_groups(np.arange(50)) is None, as_groups(np.arange(50) // 2) is None
        (True, False)
    """
    num_distinct = int(codes.max(initial=-1)) + 1
    return None if num_distinct == len(codes) or num_distinct < MIN_DISTINCT else codes


def row_codes(inputs: tuple[NDArray[np.generic], ...]) -> IntArray:
    """Return ``[row]`` codes 0 to k-1, equal for rows with equal inputs."""
    hashes = np.zeros(len(inputs[0]), dtype=np.uint64)
    for part in inputs:
        for column in part.reshape(len(part), -1).T:
            hashes = _mix(hashes, column)
    return dense(hashes)


def _mix(hashes: NDArray[np.uint64], column: NDArray[np.generic]) -> NDArray[np.uint64]:
    """Return 64-bit hashes with one more column: two of a million rows collide with chance 3e-8."""
    if np.issubdtype(column.dtype, np.floating):
        # One NaN and one zero, so that equal cells have equal bits.
        column = np.where(np.isnan(column), np.float32(np.nan), column + np.float32(0)).astype(np.float32)  # pyright: ignore[reportOperatorIssue, reportArgumentType, reportCallIssue]
    mixed = (hashes ^ np.ascontiguousarray(column).view(np.uint32)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return mixed ^ (mixed >> np.uint64(29))


def merge_groups(first: NDArray[np.integer], second: NDArray[np.integer]) -> IntArray:
    """Return ``[row]`` codes of the finest groups in which rows equal by either code stay together.

    The groups are the connected components of the graph that joins codes of one row.

    Example:
        >>> import numpy as np
        >>> merge_groups(np.array([0, 0, 1, 2]), np.array([5, 6, 6, 7])).tolist()
        [0, 0, 0, 1]
    """
    label = dense(first).astype(np.int64)
    other = dense(second)
    while True:
        # The smallest label of each group of one kind is handed to its rows, then of the other, until stable.
        lowest = np.full(other.max() + 1, len(label))
        np.minimum.at(lowest, other, label)
        joined = lowest[other]
        back = np.full(label.max() + 1, len(label))
        np.minimum.at(back, label, joined)
        after = back[label]
        if (after == label).all():
            return dense(label)
        label = after


def dense(codes: NDArray[np.integer]) -> IntArray:
    """Return ``[row]`` codes 0 to k-1 in sorted order of `codes`."""
    return np.unique(codes, return_inverse=True)[1].astype(np.int32)


def row_time(encoder: Encoder, table: Table) -> NDArray[np.float64]:
    """Return ``[row]`` float64 sort keys of the time column: seconds since 1970, or the number itself.

    Raises:
        DataError: a cell is missing or is neither a number nor a date.
    """
    column = table.column(encoder.time)
    values = _time_values(column, table.decimal)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DataError(
            f"time column {encoder.time!r} cannot order the rows of {table.name}.",
            received=f"{column[row]!r} in row {row + 1}",
            expected="a number or a date of one form in every row",
            fix="mend or remove such rows, or choose another column",
        )
    return values


def _time_values(column: pl.Series, decimal: str) -> NDArray[np.float64]:
    if column.dtype.is_temporal() and column.dtype != pl.Duration:
        return _seconds(parse_dates(column, ""))
    if is_text(column):
        text = clean_text(column)
        pattern = find_date_format(text)
        if pattern:
            return _seconds(parse_dates(text, pattern))
    return read_numbers(column, decimal).values


def _seconds(dates: pl.Series) -> NDArray[np.float64]:
    return dates.dt.timestamp("us").cast(pl.Float64).to_numpy() / 1e6
