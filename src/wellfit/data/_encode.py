"""Cells to inputs, given an encoder; nothing is learned here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wellfit.data._cells import is_text, is_usable, read_booleans, read_labels, read_numbers
from wellfit.data._date_text import date_features, find_date_format, parse_dates
from wellfit.data._encoder import Encoder, column_features, detail_list, num_codes
from wellfit.data._groups import row_groups, row_time
from wellfit.data._number_text import clean_text, is_missing_among_numbers
from wellfit.data._table import Table
from wellfit.data._target import target_values
from wellfit.records import (
    CleaningStep,
    ColumnNotFoundError,
    ColumnSchema,
    DataError,
    Dataset,
    FloatArray,
    IntArray,
    TargetNotFoundError,
    Task,
    did_you_mean,
    shorten,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoded:
    """A data set, and how it came from the table.

    Attributes:
        dataset: inputs and target; where the table has no target, the target is 0 everywhere.
        rows: ``[row]`` int32, the row of the table that each row of the data set is.
        incomplete: ``[row]`` whether a used cell is missing.
        steps: unseen categories, extra columns and the like, for the report.
    """

    dataset: Dataset
    rows: IntArray
    incomplete: NDArray[np.bool_]
    steps: tuple[CleaningStep, ...] = ()


def encode(
    encoder: Encoder, table: Table, *, with_target: bool | None = None, strict: bool = True
) -> Dataset:
    """Return `table` as inputs and target; see `encode_table`, which also says what happened on the way."""
    return encode_table(encoder, table, with_target=with_target, strict=strict).dataset


def encode_table(
    encoder: Encoder, table: Table, *, with_target: bool | None = None, strict: bool = True
) -> Encoded:
    """Return `table` as inputs and target: missing numbers are NaN, nothing is filled or scaled yet.

    A category that was not seen (or was rare) in the training rows has 0 in each of its one-hot
    columns, or code 0; an unseen value of an ordinal column is missing. Columns that the encoder does
    not know are ignored. Both are told in `steps`. Rows without a target are left out if the target
    is read at all.

    Args:
        encoder: from `fit_encoder`.
        table: with the columns that the network sees, in any order.
        with_target: whether to read the target; None reads it if the column is there.
        strict: whether a cell that cannot be read as its column's kind is an error (for rows to
            predict) or a missing cell that is counted in `steps` (for training data).

    Raises:
        ColumnNotFoundError: a column that the network sees is missing.
        DataError: with `strict`, a cell is of the wrong kind; the message names column, row and value.

    Example:
        >>> from wellfit.data import fit_encoder, read_table
        >>> table = read_table({"x": [0.5, 1.5] * 20, "y": ["a", "b"] * 20})
        >>> encode_table(fit_encoder(table, "y"), table).dataset.inputs[0].shape
        (40, 1)
    """
    _check_columns(encoder, table)
    has_target = encoder.target.name in table.column_names
    if with_target and not has_target:
        raise _no_target(encoder, table)
    read_target = has_target if with_target is None else with_target
    rows = np.arange(table.num_rows, dtype=np.int32)
    target = _placeholder(encoder, table.num_rows)
    if read_target:
        target, known = target_values(encoder.target, table)
        if not known.all():
            rows, target = rows[known], target[known]
            table = table.take(rows)
    reader = _Reader(encoder, table, rows, strict)
    inputs = reader.inputs()
    dataset = Dataset(
        inputs=inputs,
        target=target,
        task=encoder.target.task,
        input_names=encoder.input_names,
        feature_names=_names(encoder),
        class_names=encoder.target.class_names,
        groups=row_groups(encoder, table, inputs) if read_target else None,
        time=row_time(encoder, table) if read_target and encoder.time in table.column_names else None,
    )
    steps = (*_ignored(encoder, table), *reader.steps)
    return Encoded(dataset=dataset, rows=rows, incomplete=reader.incomplete, steps=steps)


def _names(encoder: Encoder) -> tuple[tuple[str, ...], ...]:
    matrix = (encoder.feature_names,) if encoder.matrix_columns else ()
    return matrix + tuple((column.name,) for column in encoder.category_inputs)


def _placeholder(encoder: Encoder, num_rows: int) -> NDArray[np.generic]:
    if encoder.target.task is Task.REGRESSION:
        return np.zeros((num_rows, 1), dtype=np.float32)
    return np.zeros(num_rows, dtype=np.int32)


def _no_target(encoder: Encoder, table: Table) -> TargetNotFoundError:
    name = encoder.target.name
    return TargetNotFoundError(
        f"no column {name!r} in {table.name}.",
        received=f"columns: {shorten(table.column_names)}",
        expected="the target column",
        fix=did_you_mean(name, table.column_names) or "add the target column",
    )


def _check_columns(encoder: Encoder, table: Table) -> None:
    needed = [column.name for column in encoder.used_columns]
    absent = [name for name in needed if name not in table.column_names]
    if not absent:
        _check_types(encoder, table)
        return
    raise ColumnNotFoundError(
        f"{table.name} lacks {len(absent)} of the {len(needed)} columns that the network was trained on.",
        received=f"columns: {shorten(table.column_names, 5)}",
        expected=f"also {shorten(absent, 5)}",
        fix=did_you_mean(absent[0], table.column_names) or "add the columns; their cells may be empty",
    )


def _check_types(encoder: Encoder, table: Table) -> None:
    for column in encoder.used_columns:
        cells = table.frame[column.name]
        if not is_usable(cells):
            raise DataError(
                f"column {column.name!r} of {table.name} must be {column.kind}.",
                received=f"cells of type {cells.dtype}",
                expected=f"{column.kind} cells, as in the training data",
                fix="take the values out of their lists or objects",
            )


def _ignored(encoder: Encoder, table: Table) -> tuple[CleaningStep, ...]:
    known = {column.name for column in encoder.schema}
    return tuple(
        CleaningStep(column=name, action="ignored: not a column of the training data")
        for name in table.column_names
        if name not in known
    )


class _Reader:
    """One pass over the columns of one table, collecting what happened."""

    def __init__(self, encoder: Encoder, table: Table, rows: IntArray, strict: bool) -> None:
        self.encoder = encoder
        self.table = table
        self.rows = rows
        self.strict = strict
        self.steps: list[CleaningStep] = []
        self.incomplete = np.zeros(table.num_rows, dtype=bool)

    def inputs(self) -> tuple[NDArray[np.generic], ...]:
        """Return the float matrix, if there is any, and a column of codes for each category input."""
        encoder = self.encoder
        codes = tuple(self._codes(column)[:, np.newaxis] for column in encoder.category_inputs)
        if not encoder.matrix_columns:
            return codes
        matrix = np.empty((self.table.num_rows, len(encoder.feature_names)), dtype=np.float32)
        start = 0
        for column in encoder.matrix_columns:
            width = len(column_features(column, encoder.preparation))
            self._fill(column, matrix[:, start : start + width])
            start += width
        return (matrix, *codes)

    def _fill(self, column: ColumnSchema, out: FloatArray) -> None:
        if column.kind == "category" and self.encoder.preparation.encoding == "one_hot":
            codes = self._codes(column)
            out[:] = codes[:, np.newaxis] == np.arange(1, num_codes(column), dtype=np.int32)
        elif column.kind == "category":
            out[:, 0] = self._codes(column)
        elif column.kind == "ordinal":
            out[:, 0] = self._ranks(column)
        elif column.kind == "datetime":
            self._fill_dates(column, out)
        else:
            self._fill_numbers(column, out)

    def _fill_numbers(self, column: ColumnSchema, out: FloatArray) -> None:
        cells = self.table.frame[column.name]
        read = read_booleans if column.details["words"] else read_numbers
        numbers = read(cells, self.table.decimal)
        self._wrong(column, cells, numbers.wrong)
        if numbers.num_infinite:
            self._note(column, "infinity read as missing", numbers.num_infinite)
        values = np.where(np.isin(numbers.values, column.details["sentinels"]), np.nan, numbers.values)  # pyright: ignore[reportArgumentType]
        missing = np.isnan(values)
        self.incomplete |= missing
        values = values - float(column.details["offset"])  # pyright: ignore[reportArgumentType]
        out[:, 0] = np.sign(values) * np.log1p(np.abs(values)) if column.details["log"] else values
        if out.shape[1] > 1:
            out[:, 1] = missing

    def _fill_dates(self, column: ColumnSchema, out: FloatArray) -> None:
        cells = self.table.frame[column.name]
        known = clean_text(cells) if cells.dtype == pl.String else cells
        # Dates that were typed in the training data have no format; a text file of them has one of its own.
        pattern = str(column.details["format"]) or (find_date_format(known) if is_text(known) else "")
        dates = parse_dates(known, pattern)
        wrong = dates.is_null() & known.is_not_null()
        if known.dtype == pl.String:
            wrong &= ~is_missing_among_numbers(known)
        self._wrong(column, cells, wrong.to_numpy().astype(bool))
        self.incomplete |= dates.is_null().to_numpy()
        for i, values in enumerate(date_features(dates, detail_list(column, "parts")).values()):
            out[:, i] = values

    def _ranks(self, column: ColumnSchema) -> NDArray[np.float64]:
        order = detail_list(column, "categories")
        labels = read_labels(self.table.frame[column.name])
        codes = _lookup(labels, order, -1)
        self.incomplete |= codes < 0
        self._unseen(column, labels, (codes < 0) & labels.is_not_null().to_numpy(), "read as missing")
        return np.where(codes < 0, np.nan, codes)

    def _codes(self, column: ColumnSchema) -> IntArray:
        categories = detail_list(column, "categories")
        labels = read_labels(self.table.frame[column.name])
        missing = labels.is_null().to_numpy()
        self.incomplete |= missing
        if column.details["fill"]:
            labels = labels.fill_null(str(column.details["fill"]))
        codes = _lookup(labels, categories, -1) + 1
        self._unseen(column, labels, (codes == 0) & ~missing, "have the code of unseen ones")
        if column.details["missing_level"]:
            codes[missing] = len(categories) + 1
        return codes

    def _unseen(self, column: ColumnSchema, labels: pl.Series, unseen: NDArray[np.bool_], what: str) -> None:
        if unseen.any():
            shown = shorten(labels.filter(pl.Series(unseen)).unique(maintain_order=True).head(20).to_list())
            self._note(column, f"unseen or rare categories {what}: {shown}", int(unseen.sum()))

    def _wrong(self, column: ColumnSchema, cells: pl.Series, wrong: NDArray[np.bool_]) -> None:
        if not wrong.any():
            return
        if not self.strict:
            self._note(column, f"cells that are not {column.kind} read as missing", int(wrong.sum()))
            return
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"column {column.name!r} of {self.table.name} must be {column.kind}.",
            received=f"{cells[row]!r} in row {int(self.rows[row]) + 1} ({int(wrong.sum())} such cells)",
            expected=f"{column.kind} cells, as in the training data, or empty cells",
            fix="mend those cells or empty them",
        )

    def _note(self, column: ColumnSchema, action: str, num_cells: int) -> None:
        self.steps.append(CleaningStep(column=column.name, action=action, num_cells=num_cells))


def _lookup(labels: pl.Series, categories: list[str], default: int) -> IntArray:
    codes = labels.replace_strict(
        categories, list(range(len(categories))), default=default, return_dtype=pl.Int32
    )
    return codes.to_numpy().astype(np.int32)
