"""The server described in OpenAPI 3.1, with the columns of its own networks."""

from __future__ import annotations

from typing import Any

from wellfit._version import __version__
from wellfit.serving._signature import Column, Signature
from wellfit.serving.http._answers import output_names
from wellfit.serving.http._examples import example_row, example_tensors
from wellfit.serving.http._model import Model

_CELL: dict[str, Any] = {"type": ["number", "string", "boolean", "null"]}
_KINDS: dict[str, dict[str, Any]] = {
    "number": {"type": ["number", "string", "null"]},
    "boolean": {"type": ["boolean", "string", "number", "null"]},
    "label": {"type": ["string", "number", "boolean", "null"]},
    "time": {"type": ["string", "null"]},
}
_PROBLEM = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "string"},
        "received": {"type": "string"},
        "expected": {"type": "string"},
        "fix": {"type": "string"},
        "column": {"type": "string"},
        "row": {"type": "integer", "minimum": 1, "description": "Number of the row, from 1."},
    },
}
_REFUSALS = {
    "400": "The body cannot be read.",
    "401": "A key is needed.",
    "404": "There is no such network or version.",
    "413": "Too many bytes or rows.",
    "415": "A content type that is not understood.",
    "422": "Rows that do not fit; column, row and reason are named.",
    "429": "Too many requests wait.",
    "504": "It took too long.",
}


def openapi(models: dict[str, dict[str, Model]], default: Model | None) -> dict[str, Any]:
    """Return the description of all addresses.

    Args:
        models: by name and version; the newest of each is described.
        default: the network that ``/predict`` and ``/invocations`` ask.
    """
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    paths: dict[str, Any] = {**_server_paths()}
    if default is not None:
        schemas["Row"], schemas["Prediction"] = _row(default.signature), _prediction(default.signature)
        paths |= {"/predict": {"post": _plain(default)}, "/invocations": {"post": _mlflow(default)}}
    for versions in models.values():
        for model in versions.values():
            paths |= _model_paths(model)
    return {
        "openapi": "3.1.0",
        "info": {"title": "wellfit", "version": __version__, "description": _about(models)},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
        },
    }


def _about(models: dict[str, dict[str, Model]]) -> str:
    listed = ", ".join(f"{name} ({', '.join(versions)})" for name, versions in models.items())
    return f"Networks and their versions: {listed or 'none'}."


def _server_paths() -> dict[str, Any]:
    told = {
        "/ping": ("Whether the server is ready", "MLflow"),
        "/v2": ("Name and version of the server", "Open Inference Protocol"),
        "/v2/health/live": ("Whether the server runs", "Open Inference Protocol"),
        "/v2/health/ready": ("Whether the server is ready", "Open Inference Protocol"),
        "/metrics": ("Metrics for Prometheus", "Server"),
    }
    return {path: {"get": _get(*words)} for path, words in told.items()}


def _model_paths(model: Model) -> dict[str, Any]:
    signature, row = model.signature, example_row(model.signature)
    first = f"/v1/models/{model.name}/versions/{model.version}"
    second = f"/v2/models/{model.name}/versions/{model.version}"
    rows = {"type": "array", "items": _row(signature)}
    tensorflow = "TensorFlow Serving"
    paths = {
        first: {"get": _get("Versions and their states", tensorflow)},
        f"{first}/metadata": {"get": _get("Inputs and outputs", tensorflow)},
        f"{first}:predict": {"post": _post("Predict", tensorflow, {"instances": rows}, {"instances": [row]})},
        second: {"get": _get("Inputs and outputs", "Open Inference Protocol")},
        f"{second}/ready": {"get": _get("Whether the network is ready", "Open Inference Protocol")},
        f"{second}/infer": {
            "post": _post(
                "Predict",
                "Open Inference Protocol",
                {"id": {"type": "string"}, "inputs": {"type": "array", "items": _tensor()}},
                {"inputs": example_tensors(model)},
                required="inputs",
            )
        },
    }
    verb = "classify" if signature.class_names else "regress" if signature.num_outputs == 1 else ""
    if verb:
        body = {"examples": rows, "context": {"type": "object"}}
        made = _post(verb.capitalize(), tensorflow, body, {"examples": [row]}, required="examples")
        paths[f"{first}:{verb}"] = {"post": made}
    return paths


def _plain(model: Model) -> dict[str, Any]:
    row = {"$ref": "#/components/schemas/Row"}
    prediction = {"$ref": "#/components/schemas/Prediction"}
    content: dict[str, Any] = {
        "application/json": {
            "schema": {"anyOf": [row, {"type": "array", "items": row}]},
            "example": example_row(model.signature),
        }
    }
    if model.signature.kind == "table":
        content["text/csv"] = {"schema": {"type": "string"}}
    if model.signature.kind == "pictures":
        content["image/*"] = {"schema": {"type": "string", "format": "binary"}}
    answer = {
        "application/json": {"schema": {"anyOf": [prediction, {"type": "array", "items": prediction}]}},
        "text/csv": {"schema": {"type": "string"}},
    }
    return {
        "summary": "Predict a row, or several",
        "tags": ["Plain rows"],
        "parameters": _choosing(),
        "requestBody": {"required": True, "content": content},
        "responses": {"200": {"description": "Predictions in order.", "content": answer}, **_refusals()},
    }


def _mlflow(model: Model) -> dict[str, Any]:
    rows = {"type": "array", "items": {"$ref": "#/components/schemas/Row"}}
    frame = {
        "type": "object",
        "required": ["columns", "data"],
        "properties": {
            "columns": {"type": "array", "items": {"type": "string"}},
            "data": {"type": "array", "items": {"type": "array", "items": _CELL}},
        },
    }
    body = {"dataframe_records": rows, "dataframe_split": frame, "instances": rows}
    example = {"dataframe_records": [example_row(model.signature)]}
    made = _post("Predict rows", "MLflow", body, example, required="")
    return {**made, "parameters": _choosing()}


def _choosing() -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "schema": {"type": "string"}, "description": words}
        for name, words in (("model", "A network other than the first."), ("version", "Not the newest."))
    ]


def _row(signature: Signature) -> dict[str, Any]:
    if signature.kind == "table":
        properties = {column.name: _cell(column) for column in signature.columns}
    else:
        properties = {
            one.tensor: {"description": f"{one.dtype} of shape {list(one.shape)}"} for one in signature.arrays
        }
    return {"type": "object", "required": list(properties), "properties": properties}


def _cell(column: Column) -> dict[str, Any]:
    made = {**_KINDS[column.kind], "description": f"A {column.kind}; null where it is missing."}
    return {**made, "examples": list(column.examples)} if column.examples else made


def _prediction(signature: Signature) -> dict[str, Any]:
    number = {"type": ["number", "null"]}
    properties: dict[str, Any] = dict.fromkeys(output_names(signature), number)
    if signature.class_names:
        properties["prediction"] = {"type": "string", "enum": list(signature.class_names)}
    return {"type": "object", "required": list(properties), "properties": properties}


def _tensor() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"type": "string"},
            "shape": {"type": "array", "items": {"type": "integer"}},
            "datatype": {"enum": ["BOOL", "INT64", "FP32", "FP64", "BYTES"]},
            "data": {"type": "array"},
        },
    }


def _get(summary: str, tag: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "tags": [tag],
        "responses": {"200": {"description": "As asked."}, **_refusals("401", "503")},
    }


def _post(
    summary: str, tag: str, properties: dict[str, Any], example: dict[str, Any], required: str = "instances"
) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, **({"required": [required]} if required else {})}
    return {
        "summary": summary,
        "tags": [tag],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": example}},
        },
        "responses": {
            "200": {"description": "Predictions in order.", "content": {"application/json": {}}},
            **_refusals(),
        },
    }


def _refusals(*statuses: str) -> dict[str, Any]:
    schema = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    words = {**_REFUSALS, "503": "The server ends, or has no network."}
    return {
        status: {"description": words[status], "content": schema} for status in (statuses or tuple(words))
    }
