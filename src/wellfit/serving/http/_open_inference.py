"""The Open Inference Protocol, version 2: ``/v2/...``, as KServe, Triton and MLServer speak it.

A table has an input for each column, of shape ``[row]`` or ``[row, 1]``, named as the column. Inputs may be
bytes, see `_binary_tensors`; outputs are JSON, which clients of that extension read, too.

Source:
    KServe, Open Inference Protocol, ``specification/protocol/inference_rest.md``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wellfit._version import __version__
from wellfit.serving._rows import Array
from wellfit.serving.http._answers import labels
from wellfit.serving.http._binary_tensors import NAME, read_mixed
from wellfit.serving.http._json import read_json, write_json
from wellfit.serving.http._model import Model
from wellfit.serving.http._pictures import is_encoded
from wellfit.serving.http._read import check_count, read_arrays, read_columns
from wellfit.serving.http._refusal import RefusedError
from wellfit.serving.http._request import Asked, Request

_FLOATS = ("FP16", "FP32", "FP64")
_WHOLE = tuple(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
_ALLOWED: dict[str, tuple[type, ...]] = {
    "BOOL": (bool,),
    **dict.fromkeys(_WHOLE, (int,)),
    **dict.fromkeys(_FLOATS, (int, float)),
    "BYTES": (str, dict),
}
"""Types of the values of each datatype; null is a missing cell."""
_KINDS = {"number": "FP64", "boolean": "FP64", "label": "BYTES", "time": "BYTES"}


def infer(model: Model, request: Request) -> Asked:
    """Return what ``/infer`` asks for.

    Raises:
        RefusedError: it cannot be read.
    """
    head_size = request.header(b"inference-header-content-length")
    body = read_mixed(request.body, head_size) if head_size else read_json(request.body)
    if not isinstance(body, dict) or not isinstance(body.get("inputs"), list):
        raise RefusedError(
            400, "the body must be an object with a list of inputs.", received=type(body).__name__
        )
    identity = body.get("id")
    if identity is not None and not isinstance(identity, str):
        raise RefusedError(400, "id must be text.", received=type(identity).__name__)
    _check_parameters(body)
    names = _asked_outputs(model, body.get("outputs"))
    columns: dict[str, list[Any]] = {}
    shapes: dict[str, list[int]] = {}
    for given in body["inputs"]:
        name, shape, data = _input(given)
        if name in columns:
            raise RefusedError(400, f"input {name!r:.80} is there twice.", column=name)
        columns[name], shapes[name] = data, shape
    return Asked(_rows(model, columns, shapes, request), _writer(model, names, identity))


def metadata(model: Model, versions: list[str]) -> dict[str, Any]:
    """Return the answer to ``GET /v2/models/{m}``."""
    signature = model.signature
    inputs = [_described(column.name, _KINDS[column.kind], [1]) for column in signature.columns]
    inputs += [_described(one.tensor, _datatype(one.dtype), list(one.shape)) for one in signature.arrays]
    outputs = [_described("prediction", "FP32", [signature.num_outputs])]
    if signature.class_names:
        outputs = [
            _described("prediction", "BYTES", []),
            _described("probabilities", "FP32", [signature.num_outputs]),
        ]
    return {
        "name": model.name,
        "versions": versions,
        "platform": "onnxruntime_onnx",
        "inputs": inputs,
        "outputs": outputs,
    }


def server() -> dict[str, Any]:
    """Return the answer to ``GET /v2``."""
    return {"name": "wellfit", "version": __version__, "extensions": [NAME]}


def _rows(model: Model, columns: dict[str, list[Any]], shapes: dict[str, list[int]], request: Request) -> Any:
    if model.signature.kind == "table":
        for name, shape in shapes.items():
            if len(shape) > 2 or shape[1:] not in ([], [1]):
                raise RefusedError(
                    422,
                    f"input {name!r:.80} has another shape.",
                    received=str(shape)[:80],
                    expected="[row] or [row, 1]",
                    column=name,
                )
        return read_columns(model, columns, request.limits)
    counts = {shape[0] if shape else 0 for shape in shapes.values()}
    count = max(counts, default=0)
    check_count(count, request.limits)
    arrays: dict[str, Any] = {}
    for name, values in columns.items():
        is_plain = not any(is_encoded(value) for value in values)
        arrays[name] = _shaped(values, shapes[name], name) if is_plain and count else values
    return read_arrays(model, arrays, count, request.limits)


def _input(given: Any) -> tuple[str, list[int], list[Any]]:
    """Return name, shape and flat data of an input."""
    if _is_cell(given):
        return given["name"], given["shape"], given["data"]
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise RefusedError(400, "each input must be an object with a name.")
    name: str = given["name"]
    datatype, shape, data = given.get("datatype"), given.get("shape"), given.get("data")
    _check_parameters(given)
    if not isinstance(datatype, str) or datatype not in _ALLOWED:
        raise RefusedError(
            400,
            f"input {name!r:.80} has an unknown datatype.",
            received=repr(datatype)[:80],
            expected=f"one of {', '.join(_ALLOWED)}",
            column=name,
        )
    if not isinstance(shape, list) or not all(type(size) is int and 0 <= size < 2**63 for size in shape):
        raise RefusedError(
            400,
            f"input {name!r:.80} has no shape.",
            received=repr(shape)[:80],
            expected="a list of whole numbers",
            column=name,
        )
    if not isinstance(data, list):
        raise RefusedError(400, f"the data of input {name!r:.80} is no list.", column=name)
    flat = _flattened(data)
    if not shape or len(flat) != math.prod(shape):
        raise RefusedError(
            400,
            f"input {name!r:.80} has not as many values as its shape says.",
            received=f"{len(flat)} values",
            expected=f"shape {str(shape)[:60]}",
            column=name,
        )
    _check_kind(name, datatype, flat)
    return name, shape, flat


def _is_cell(given: Any) -> bool:
    """Return whether an input is one cell with nothing wrong: a row has one for each column."""
    try:
        shape, data = given["shape"], given["data"]
        return (
            type(data) is list
            and len(data) == 1
            and (type(data[0]) in _ALLOWED[given["datatype"]] or data[0] is None)
            and shape in ([1], [1, 1])
            and type(shape[0]) is type(shape[-1]) is int
            and type(given["name"]) is str
            and "parameters" not in given
        )
    except (TypeError, KeyError):
        return False


def _check_kind(name: str, datatype: str, values: list[Any]) -> None:
    """Check that values are of their datatype; null is a missing cell."""
    allowed = _ALLOWED[datatype]
    for place, value in enumerate(values):
        if value is None or (type(value) in allowed):
            continue
        raise RefusedError(
            422,
            f"input {name!r:.80} holds another value than {datatype}.",
            received=repr(value)[:80],
            expected=f"{datatype}, or null where it is missing",
            column=name,
            row=place + 1,
        )


def _flattened(data: list[Any]) -> list[Any]:
    """Return nested lists as one; the depth is that of the JSON, which is bounded."""
    while any(type(value) is list for value in data):
        data = [one for value in data for one in (value if type(value) is list else [value])]
    return data


def _shaped(values: list[Any], shape: list[int], name: str) -> Array:
    try:
        return np.asarray(values, np.float64).reshape(shape)
    except (ValueError, TypeError, OverflowError):
        raise RefusedError(422, f"input {name!r:.80} holds other values than numbers.", column=name) from None


def _asked_outputs(model: Model, outputs: Any) -> list[str]:
    known = ["prediction", "probabilities"] if model.signature.class_names else ["prediction"]
    if outputs is None:
        return known
    if not isinstance(outputs, list) or not all(isinstance(one, dict) for one in outputs):
        raise RefusedError(400, "outputs must be a list of objects with names.")
    names = [one.get("name") for one in outputs]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise RefusedError(
            400,
            "there is no such output.",
            received=repr(unknown[0])[:80],
            expected=" or ".join(known),
        )
    for one in outputs:
        _check_parameters(one)
    return names or known


def _writer(model: Model, names: list[str], identity: str | None) -> Callable[[Array], bytes]:
    def write(values: Array) -> bytes:
        made = {"prediction": _output("prediction", "FP32", list(values.shape), values.ravel().tolist())}
        if model.signature.class_names:
            found = labels(model.signature, values)
            made["probabilities"] = {**made["prediction"], "name": "probabilities"}
            made["prediction"] = _output("prediction", "BYTES", [len(found)], found)
        head = {"model_name": model.name, "model_version": model.version}
        if identity is not None:
            head["id"] = identity
        return write_json({**head, "outputs": [made[name] for name in names]})

    return write


def _output(name: str, datatype: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def _described(name: str, datatype: str, shape: list[int]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1, *shape]}


def _datatype(name: str) -> str:
    return name.upper().replace("FLOAT", "FP")


def _check_parameters(given: dict[str, Any]) -> None:
    if not isinstance(given.get("parameters", {}), dict):
        raise RefusedError(400, "parameters must be an object.")
