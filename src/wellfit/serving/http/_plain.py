"""Plain rows in JSON or CSV; the answer is what `wellfit predict` writes."""

from __future__ import annotations

import csv
import io

from wellfit.serving._rows import Array
from wellfit.serving.http._answers import csv_text, records
from wellfit.serving.http._batch import Rows
from wellfit.serving.http._json import read_json, write_json
from wellfit.serving.http._limits import Limits
from wellfit.serving.http._model import Model
from wellfit.serving.http._pictures import decode
from wellfit.serving.http._read import check_count, read_arrays, read_columns, read_instances
from wellfit.serving.http._refusal import RefusedError
from wellfit.serving.http._request import CSV_TYPE, JSON_TYPE, Asked, Request


def predict(model: Model, request: Request) -> Asked:
    """Return what ``POST /predict`` asks for: a row, a list of rows, a CSV file, or a picture's file.

    Raises:
        RefusedError: it cannot be read.
    """
    rows, is_single = _rows(model, request)
    wants_csv = CSV_TYPE in request.header(b"accept").lower()

    def write(values: Array) -> bytes:
        if wants_csv:
            return csv_text(model.signature, values)
        answers = records(model.signature, values)
        return write_json(answers[0] if is_single else answers)

    return Asked(rows, write, f"{CSV_TYPE}; charset=utf-8" if wants_csv else JSON_TYPE)


def _rows(model: Model, request: Request) -> tuple[Rows, bool]:
    kind = request.content_type
    if kind == CSV_TYPE:
        return read_csv(model, request.body, request.limits), False
    if kind.startswith("image/"):
        return _picture(model, request), True
    value = read_json(request.body)
    if isinstance(value, dict):
        return read_instances(model, [value], request.limits), True
    if not isinstance(value, list):
        raise RefusedError(
            400, "the body is no row.", received=type(value).__name__, expected="an object, or a list of them"
        )
    return read_instances(model, value, request.limits), False


def read_csv(model: Model, body: bytes, limits: Limits) -> Rows:
    """Return rows of a CSV file: UTF-8, commas, names in the first line.

    Raises:
        RefusedError: it cannot be read.
    """
    if model.signature.kind != "table":
        raise RefusedError(415, "this network takes no table.", received=CSV_TYPE, expected=JSON_TYPE)
    try:
        lines = [line for line in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")) if line]
    except UnicodeError:
        raise RefusedError(400, "the body is not UTF-8 text.", expected="CSV in UTF-8") from None
    except csv.Error as error:
        raise RefusedError(400, "the body is not CSV.", received=str(error), expected="CSV") from None
    if not lines:
        raise RefusedError(
            400, "the body is empty.", expected="CSV whose first line holds the names of columns"
        )
    names, rows = lines[0], lines[1:]
    check_count(len(rows), limits)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise RefusedError(400, f"the column {twice!r:.80} is there twice.", column=twice)
    for place, row in enumerate(rows):
        if len(row) != len(names):
            raise RefusedError(
                400,
                f"row {place + 1} has another number of cells than the first line.",
                received=f"{len(row)} cells",
                expected=f"{len(names)} cells",
                row=place + 1,
            )
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    return read_columns(model, dict(zip(names, columns, strict=True)), limits)


def _picture(model: Model, request: Request) -> Rows:
    if model.signature.kind != "pictures":
        raise RefusedError(415, "this network takes no picture.", expected=f"{JSON_TYPE} or {CSV_TYPE}")
    wanted = model.signature.arrays[0]
    picture = decode(model, wanted, request.body, 0, request.limits)
    return read_arrays(model, {wanted.tensor: [picture]}, 1, request.limits)
