"""The REST interface of TensorFlow Serving: ``/v1/models/...``.

Source:
    TensorFlow Serving, RESTful API, tensorflow.org/tfx/serving/api_rest. Where the page shows both ``result``
    and ``results``, answers of classify and regress have ``results``, as the server writes them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wellfit.serving._rows import Array
from wellfit.serving.http._answers import labels
from wellfit.serving.http._json import read_json, write_json
from wellfit.serving.http._model import Model
from wellfit.serving.http._read import read_columns, read_instances
from wellfit.serving.http._refusal import RefusedError
from wellfit.serving.http._request import Asked, Request

_TYPES = {"number": "DT_DOUBLE", "boolean": "DT_DOUBLE", "label": "DT_STRING", "time": "DT_STRING"}


def predict(model: Model, request: Request) -> Asked:
    """Return what ``:predict`` asks for, in row format (``instances``) or in column format (``inputs``).

    Raises:
        RefusedError: it cannot be read.
    """
    body = _body(request, "tensorflow/serving/predict")
    if ("instances" in body) == ("inputs" in body):
        raise RefusedError(400, "the body must have either instances or inputs.", received=_keys(body))
    if "instances" in body:
        rows = read_instances(model, body["instances"], request.limits)
        return Asked(rows, _rows_of(model))
    inputs = body["inputs"]
    if isinstance(inputs, dict):
        rows = read_columns(model, inputs, request.limits)
    else:
        rows = read_instances(model, inputs, request.limits)
    return Asked(rows, _columns_of(model))


def classify(model: Model, request: Request) -> Asked:
    """Return what ``:classify`` asks for: a label and a score for each class of each example.

    Raises:
        RefusedError: it cannot be read, or the network predicts numbers.
    """
    names = model.signature.class_names
    if not names:
        raise RefusedError(400, f"{model.name} predicts numbers.", fix="ask for :regress or :predict")

    def write(values: Array) -> bytes:
        results = [list(zip(names, row, strict=True)) for row in values.tolist()]
        return write_json({"results": results})

    return _examples(model, request, "tensorflow/serving/classify", write)


def regress(model: Model, request: Request) -> Asked:
    """Return what ``:regress`` asks for: a number for each example.

    Raises:
        RefusedError: it cannot be read, or the network predicts classes, or several numbers.
    """
    if model.signature.class_names or model.signature.num_outputs != 1:
        raise RefusedError(400, f"{model.name} does not predict one number.", fix="ask for :predict")

    def write(values: Array) -> bytes:
        return write_json({"results": values[:, 0].tolist()})

    return _examples(model, request, "tensorflow/serving/regress", write)


def status(versions: dict[str, Model]) -> dict[str, Any]:
    """Return the answer to ``GET /v1/models/{m}``."""
    fine = {"error_code": "OK", "error_message": ""}
    return {
        "model_version_status": [
            {"version": version, "state": "AVAILABLE", "status": fine} for version in versions
        ]
    }


def metadata(model: Model) -> dict[str, Any]:
    """Return the answer to ``GET /v1/models/{m}/metadata``."""
    signature = model.signature
    inputs = {column.name: _tensor(column.tensor, _TYPES[column.kind], [1]) for column in signature.columns}
    inputs |= {
        one.tensor: _tensor(one.tensor, _dtype(one.dtype), list(one.shape)) for one in signature.arrays
    }
    if signature.class_names:
        outputs = {
            "prediction": _tensor("prediction", "DT_STRING", []),
            "probabilities": _tensor("probabilities", "DT_FLOAT", [signature.num_outputs]),
        }
    else:
        outputs = {"prediction": _tensor("prediction", "DT_FLOAT", [signature.num_outputs])}
    default = {"inputs": inputs, "outputs": outputs, "method_name": "tensorflow/serving/predict"}
    return {
        "model_spec": {"name": model.name, "signature_name": "", "version": model.version},
        "metadata": {"signature_def": {"signature_def": {"serving_default": default}}},
    }


def _body(request: Request, signature_name: str) -> dict[str, Any]:
    body = read_json(request.body)
    if not isinstance(body, dict):
        raise RefusedError(400, "the body is no object.", received=type(body).__name__)
    if body.get("signature_name") not in (None, "", "serving_default", signature_name):
        raise RefusedError(
            400,
            "there is no such signature.",
            received=repr(body["signature_name"])[:80],
            expected="serving_default",
            fix="leave out signature_name",
        )
    return body


def _examples(model: Model, request: Request, name: str, write: Callable[[Array], bytes]) -> Asked:
    body = _body(request, name)
    examples, context = body.get("examples"), body.get("context", {})
    if not isinstance(examples, list) or not all(isinstance(one, dict) for one in examples):
        raise RefusedError(400, "examples must be a list of objects.", received=_keys(body))
    if not isinstance(context, dict):
        raise RefusedError(400, "context must be an object.", received=type(context).__name__)
    for place, example in enumerate(examples):
        both = context.keys() & example.keys()
        if both:
            raise RefusedError(
                400,
                f"{min(both)!r:.80} is in context and in example {place + 1}.",
                expected="a feature in one of them",
                row=place + 1,
            )
    if context:
        examples = [{**context, **example} for example in examples]
    return Asked(read_instances(model, examples, request.limits), write)


def _rows_of(model: Model) -> Callable[[Array], bytes]:
    def write(values: Array) -> bytes:
        if not model.signature.class_names:
            return write_json({"predictions": values.tolist()})
        pairs = zip(labels(model.signature, values), values.tolist(), strict=True)
        rows = [{"prediction": label, "probabilities": row} for label, row in pairs]
        return write_json({"predictions": rows})

    return write


def _columns_of(model: Model) -> Callable[[Array], bytes]:
    def write(values: Array) -> bytes:
        if not model.signature.class_names:
            return write_json({"outputs": values.tolist()})
        names = labels(model.signature, values)
        return write_json({"outputs": {"prediction": names, "probabilities": values.tolist()}})

    return write


def _tensor(name: str, dtype: str, shape: list[int]) -> dict[str, Any]:
    sizes = [{"size": str(size), "name": ""} for size in (-1, *shape)]
    return {"dtype": dtype, "tensor_shape": {"dim": sizes, "unknown_rank": False}, "name": name}


def _dtype(name: str) -> str:
    return {"float32": "DT_FLOAT", "float64": "DT_DOUBLE"}.get(name, f"DT_{name.upper()}")


def _keys(body: dict[str, Any]) -> str:
    return ", ".join(repr(name)[:40] for name in list(body)[:8]) or "an empty object"
