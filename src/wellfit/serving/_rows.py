"""Raw rows to columns of cells, columns to the tensors of the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from wellfit.records import ColumnNotFoundError, DataError, did_you_mean, shorten
from wellfit.serving._cells import Cell, ReadCell, WrongCellError, cell_reader
from wellfit.serving._signature import Signature

Cells = list[list[Cell]]
"""Cells that were read: a list for each column of the signature. Two such are joined column by column."""

Array = np.ndarray


class CellError(DataError):
    """A cell cannot be used.

    Args:
        column: its name.
        row: its number, from 0.
        cell: what it holds.
        expected: what it must hold.
    """

    def __init__(self, column: str, row: int, cell: object, expected: str) -> None:
        self.column, self.row = column, row
        super().__init__(
            f"column {column!r} must hold {expected}.",
            received=f"{repr(cell)[:80]} in row {row + 1}",
            expected=f"{expected}, or nothing where it is missing",
            fix="mend the cell or leave it empty",
        )

    def __reduce__(self) -> tuple[object, ...]:
        return DataError, (str(self),)


class AbsentColumnError(ColumnNotFoundError):
    """A column that the network needs is in no row.

    Args:
        column: its name.
        known: the columns that are there.
        needed: all that must be.
    """

    def __init__(self, column: str, known: list[str], needed: list[str]) -> None:
        self.column = column
        super().__init__(
            f"column {column!r} is missing.",
            received=f"columns: {shorten(known, 5)}",
            expected=f"all of {shorten(needed, 8)}; cells may be empty",
            fix=did_you_mean(column, known) or "add the column; its cells may be empty",
        )

    def __reduce__(self) -> tuple[object, ...]:
        return ColumnNotFoundError, (str(self),)


class RowReader:
    """Reads raw rows of a table by its signature; safe to share between threads.

    Args:
        signature: of a table.

    Example:
        >>> from wellfit.records import Task
        >>> from wellfit.serving import Column, Signature
        >>> age = Column(name="age", tensor="age", kind="number")
        >>> reader = RowReader(Signature(kind="table", task=Task.REGRESSION, columns=(age,)))
        >>> reader.read_rows([{"age": "41"}, {"age": None}])
        [[41.0, nan]]
    """

    def __init__(self, signature: Signature) -> None:
        self._signature = signature
        self._readers: tuple[tuple[str, ReadCell], ...] = tuple(
            (column.name, cell_reader(column)) for column in signature.columns
        )

    def read_rows(self, rows: Sequence[Mapping[str, object]]) -> Cells:
        """Return cells of rows that are given as mappings; a name that a row lacks is a missing cell.

        Raises:
            ColumnNotFoundError: a column that the network needs is in no row.
            CellError: a cell cannot be read.
        """
        if len(rows) == 1:
            try:
                return [[read(rows[0][name])] for name, read in self._readers]
            except (KeyError, WrongCellError):
                pass  # what is wrong is found below
        for name, _ in self._readers:
            if rows and not any(name in row for row in rows):
                raise self._absent(name, list(rows[0]))
        return [_read(name, read, [row.get(name) for row in rows]) for name, read in self._readers]

    def read_columns(self, columns: Mapping[str, Sequence[object]]) -> Cells:
        """Return cells of columns that are given by name.

        Raises:
            ColumnNotFoundError: a column that the network needs is missing.
            DataError: the columns have different lengths.
            CellError: a cell cannot be read.
        """
        cells: Cells = []
        for name, read in self._readers:
            if name not in columns:
                raise self._absent(name, list(columns))
            cells.append(_read(name, read, columns[name]))
        lengths = {len(column) for column in cells}
        if len(lengths) > 1:
            raise DataError(
                "the columns have different lengths.",
                received=", ".join(str(length) for length in sorted(lengths)),
                expected="as many cells in each column",
                fix="fill the shorter columns with empty cells",
            )
        return cells

    def tensors(self, cells: Cells) -> dict[str, Array]:
        """Return what the graph takes: ``[row, 1]`` float64 or text for each column."""
        return {
            column.tensor: np.array(
                values, np.float64 if column.kind in ("number", "boolean") else object
            ).reshape(-1, 1)
            for column, values in zip(self._signature.columns, cells, strict=True)
        }

    def _absent(self, name: str, known: list[str]) -> ColumnNotFoundError:
        return AbsentColumnError(name, known, [name for name, _ in self._readers])


def join(parts: Sequence[Cells]) -> Cells:
    """Return the rows of several `Cells`, one after the other."""
    return [[cell for part in column for cell in part] for column in zip(*parts, strict=True)]


def _read(name: str, read: ReadCell, cells: Sequence[object]) -> list[Cell]:
    try:
        return [read(cell) for cell in cells]
    except WrongCellError:
        pass
    for row, cell in enumerate(cells):
        try:
            read(cell)
        except WrongCellError as error:
            raise CellError(name, row, cell, str(error)) from None
    raise AssertionError("a cell that could not be read can be read now")
