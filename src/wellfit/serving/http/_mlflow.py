"""The scoring server of MLflow: ``/invocations`` and ``/ping``.

Source:
    MLflow, Deploy MLflow Model as a Local Inference Server, and ``mlflow/pyfunc/scoring_server`` (formats,
    status 415 for other types of content).
"""

from __future__ import annotations

from typing import Any

from wellfit.serving._rows import Array
from wellfit.serving.http._answers import records
from wellfit.serving.http._batch import Rows
from wellfit.serving.http._json import read_json, write_json
from wellfit.serving.http._limits import Limits
from wellfit.serving.http._model import Model
from wellfit.serving.http._plain import read_csv
from wellfit.serving.http._read import check_count, read_columns, read_instances
from wellfit.serving.http._refusal import RefusedError
from wellfit.serving.http._request import CSV_TYPE, JSON_TYPE, Asked, Request

_FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def invocations(model: Model, request: Request) -> Asked:
    """Return what ``POST /invocations`` asks for; ``params`` are taken and have no effect.

    Raises:
        RefusedError: it cannot be read.
    """

    def write(values: Array) -> bytes:
        return write_json({"predictions": records(model.signature, values)})

    if request.content_type == CSV_TYPE:
        return Asked(read_csv(model, request.body, request.limits), write)
    if request.content_type not in (JSON_TYPE, ""):
        raise RefusedError(
            415,
            "this type of content is not understood.",
            received=request.content_type[:80],
            expected=f"{JSON_TYPE} or {CSV_TYPE}",
        )
    return Asked(_rows(model, read_json(request.body), request.limits), write)


def _rows(model: Model, value: Any, limits: Limits) -> Rows:
    given = [name for name in _FORMATS if isinstance(value, dict) and name in value]
    if len(given) != 1:
        raise RefusedError(
            400,
            "the body must be an object with exactly one format of rows.",
            received=", ".join(given) or f"none in {type(value).__name__}",
            expected=f"one of {', '.join(_FORMATS)}",
        )
    rows = value[given[0]]
    if given[0] == "dataframe_split":
        return _split(model, rows, limits)
    if given[0] == "inputs" and isinstance(rows, dict):
        return read_columns(model, rows, limits)
    return read_instances(model, rows, limits)


def _split(model: Model, frame: Any, limits: Limits) -> Rows:
    given = frame if isinstance(frame, dict) else {}
    names, rows = given.get("columns"), given.get("data")
    if (
        not isinstance(names, list)
        or not isinstance(rows, list)
        or not all(isinstance(name, str) for name in names)
    ):
        raise RefusedError(
            400,
            "dataframe_split is no frame.",
            expected='{"columns": [names], "data": [rows of cells]}',
        )
    check_count(len(rows), limits)
    if len(set(names)) < len(names):
        raise RefusedError(400, "a column of dataframe_split is there twice.")
    for place, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(names):
            raise RefusedError(
                400,
                f"row {place + 1} of dataframe_split does not have a cell for each column.",
                expected=f"a list of {len(names)} cells",
                row=place + 1,
            )
    return read_columns(model, {name: [row[i] for row in rows] for i, name in enumerate(names)}, limits)
