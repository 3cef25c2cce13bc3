"""A table as it was read: values untouched, and what was found out on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from wellfit.records import CleaningStep, ColumnNotFoundError, IntArray, did_you_mean, shorten


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Columns as they stand in the source; text files keep their cells as text.

    Attributes:
        frame: the columns.
        name: the file's name, or what kind of object it came from.
        decimal: the decimal mark of numbers that are written as text.
        detected: what was found out about a file: format, delimiter, encoding, quote, header, decimal.
        steps: what was mended while reading, such as blank lines left out.
    """

    frame: pl.DataFrame
    name: str
    decimal: str = "."
    detected: Mapping[str, object] = field(default_factory=dict[str, object])
    steps: tuple[CleaningStep, ...] = ()

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self.frame.height

    @property
    def column_names(self) -> tuple[str, ...]:
        """Column names in file order."""
        return tuple(self.frame.columns)

    def take(self, rows: IntArray | Sequence[int]) -> Table:
        """Return the table with `rows` (``[n]`` indices) only, in that order."""
        return replace(self, frame=self.frame[np.asarray(rows, dtype=np.int64)])

    def drop(self, *names: str) -> Table:
        """Return the table without the columns `names`.

        Raises:
            ColumnNotFoundError: a name is not a column.
        """
        for name in names:
            self.column(name)
        return replace(self, frame=self.frame.drop(names))

    def column(self, name: str) -> pl.Series:
        """Return one column.

        Raises:
            ColumnNotFoundError: `name` is not a column.
        """
        check_column(self, name)
        return self.frame[name]


def check_column(
    table: Table, name: str, *, role: str = "column", error: type[ColumnNotFoundError] = ColumnNotFoundError
) -> None:
    """Raise `error` with the closest known name if `table` has no column `name`."""
    if name in table.column_names:
        return
    raise error(
        f"no column {name!r} in {table.name}.",
        received=f"{role}={name!r}; columns: {shorten(table.column_names)}",
        expected="the name of one column",
        fix=did_you_mean(name, table.column_names) or "take one of the table's columns",
    )
