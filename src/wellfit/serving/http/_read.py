"""From JSON values to rows that a network takes: cells of a table, arrays, pictures; for all dialects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wellfit.records import WellfitError, shorten
from wellfit.serving._rows import Array
from wellfit.serving._servable import check_tensors
from wellfit.serving.http._batch import Rows
from wellfit.serving.http._limits import Limits
from wellfit.serving.http._model import Model
from wellfit.serving.http._pictures import is_encoded, read_encoded
from wellfit.serving.http._refusal import RefusedError, refusal_of


def read_instances(model: Model, instances: object, limits: Limits) -> Rows:
    """Return rows that are given one after the other.

    Args:
        model: that is asked.
        instances: a list. Of a table each is an object of cells by column, a list of cells in the order of
            the columns, or, where there is one column, a cell. Of other networks each is an object of arrays
            by input or, where there is one input, an array; a picture may be ``{"b64": ...}``.
        limits: of the server.

    Raises:
        RefusedError: they cannot be read.
    """
    if not isinstance(instances, list):
        raise RefusedError(
            400, "the rows are no list.", received=type(instances).__name__, expected="a list of rows"
        )
    check_count(len(instances), limits)
    if model.signature.kind == "table":
        return _table_rows(model, instances)
    only = model.signature.arrays[0].tensor if len(model.signature.arrays) == 1 else None
    arrays: dict[str, list[object]] = {one.tensor: [] for one in model.signature.arrays}
    for place, instance in enumerate(instances):
        if isinstance(instance, dict) and not is_encoded(instance):
            _sort_in(arrays, instance, place)
        elif only is not None:
            arrays[only].append(instance)
        else:
            raise RefusedError(
                422,
                f"row {place + 1} is no object.",
                expected=f"an object with {shorten(list(arrays), 5)}",
                row=place + 1,
            )
    return read_arrays(model, arrays, len(instances), limits)


def read_columns(model: Model, columns: Mapping[str, object], limits: Limits) -> Rows:
    """Return rows that are given as columns, or as one array for each input.

    Raises:
        RefusedError: they cannot be read.
    """
    for name, column in columns.items():
        if not isinstance(column, list):
            raise RefusedError(
                400,
                f"column {name!r:.80} is no list.",
                received=type(column).__name__,
                expected="a list of cells, one for each row",
                column=name,
            )
    count = max((len(column) for column in columns.values()), default=0)  # pyright: ignore
    check_count(count, limits)
    if model.signature.kind != "table":
        return read_arrays(model, columns, count, limits)  # pyright: ignore
    renamed = {
        model.renamed.get(name, name): _flat(column)  # pyright: ignore
        for name, column in columns.items()
    }
    try:
        cells = model.reader.read_columns(renamed)
    except WellfitError as error:
        raise refusal_of(error) from None
    return Rows(cells, len(cells[0]))


def read_records(model: Model, records: Sequence[Mapping[str, object]]) -> Rows:
    """Return rows of a table that are given as objects.

    Raises:
        RefusedError: they cannot be read.
    """
    if model.renamed:
        records = [{model.renamed.get(name, name): cell for name, cell in row.items()} for row in records]
    try:
        return Rows(model.reader.read_rows(records), len(records))
    except WellfitError as error:
        raise refusal_of(error) from None


def read_arrays(
    model: Model, arrays: Mapping[str, Sequence[object] | Array], count: int, limits: Limits
) -> Rows:
    """Return an array for each input; pictures may be encoded.

    Raises:
        RefusedError: they do not fit.
    """
    made: dict[str, Array] = {}
    for one in model.signature.arrays:
        if one.tensor not in arrays:
            continue  # which `check_tensors` says
        values = arrays[one.tensor]
        if isinstance(values, list) and any(is_encoded(value) for value in values):
            values = read_encoded(model, one, values, limits)
        if count == 0:
            made[one.tensor] = np.zeros((0, *one.shape), one.dtype)
            continue
        try:
            made[one.tensor] = np.asarray(values)
        except (ValueError, TypeError, OverflowError):
            raise RefusedError(
                422,
                f"input {one.tensor!r} is no array.",
                received="lists of different lengths, or other values than numbers",
                expected=f"{one.dtype} of shape [row, {', '.join(map(str, one.shape))}]",
                column=one.tensor,
            ) from None
    try:
        return Rows(check_tensors(model.signature, made), count)
    except WellfitError as error:
        raise refusal_of(error) from None


def check_count(count: int, limits: Limits) -> None:
    """Check how many rows a request has.

    Raises:
        RefusedError: too many.
    """
    if count > limits.rows:
        raise RefusedError(
            413,
            "these are too many rows for one request.",
            received=f"{count:,} rows",
            expected=f"at most {limits.rows:,}",
            fix="ask in several requests, or start the server with a larger --max-rows",
        )


def _table_rows(model: Model, instances: list[Any]) -> Rows:
    names = [column.name for column in model.signature.columns]
    records: list[Mapping[str, object]] = []
    for place, instance in enumerate(instances):
        if isinstance(instance, dict):
            records.append(_unwrapped(instance))
        elif isinstance(instance, list) and len(instance) == len(names):
            records.append(dict(zip(names, _flat(instance), strict=True)))
        elif not isinstance(instance, list) and len(names) == 1:
            records.append({names[0]: instance})
        else:
            raise RefusedError(
                422,
                f"row {place + 1} is no row of this table.",
                received=f"{len(instance)} cells" if isinstance(instance, list) else type(instance).__name__,
                expected=f"an object of cells by column: {shorten(names, 8)}",
                row=place + 1,
            )
    return read_records(model, records)


def _unwrapped(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose cells may be lists of one: the graph's inputs have the shape ``[row, 1]``."""
    for cell in row.values():
        if type(cell) is list:
            return {name: _cell(cell) for name, cell in row.items()}
    return row


def _flat(cells: list[Any]) -> list[Any]:
    return [_cell(cell) for cell in cells] if any(type(cell) is list for cell in cells) else cells


def _cell(cell: Any) -> Any:
    return cell[0] if type(cell) is list and len(cell) == 1 else cell


def _sort_in(arrays: dict[str, list[object]], instance: dict[str, object], place: int) -> None:
    for name, values in arrays.items():
        if name not in instance:
            raise RefusedError(
                422,
                f"row {place + 1} lacks input {name!r}.",
                received=f"inputs: {shorten(list(instance), 5)}",
                expected=f"all of {shorten(list(arrays), 8)}",
                column=name,
                row=place + 1,
            )
        values.append(instance[name])
