"""Small bundles made by hand: graphs that take raw columns or pictures, whose answers NumPy can repeat."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from wellfit.records import Task
from wellfit.serving import ArrayInput, Column, Signature, digest_of

COLUMNS = (
    Column(name="age", tensor="age", kind="number", examples=("41", "23")),
    Column(name="is member", tensor="is_member", kind="boolean", examples=("yes",)),
    Column(name="plan", tensor="plan", kind="label", examples=("basic", "gold")),
    Column(name="since", tensor="since", kind="time", examples=("2026-01-31T00:00:00",)),
)
CLASSES = ("no", "yes, gladly", "=perhaps")
ROWS = [
    {"age": 41, "is member": True, "plan": "gold", "since": "2026-01-31"},
    {"age": "23.5", "is member": "no", "plan": "basic", "since": None},
    {"age": None, "is member": None, "plan": "", "since": ""},
]
_WEIGHTS = np.array([[0.02, -0.01, 0.03], [0.5, 0.1, -0.4], [1.0, -1.0, 0.5], [-0.3, 0.2, 0.1]], np.float32)
_PICTURE = (4, 6, 3)


def scores(rows: list[dict], shift: float = 0.0) -> np.ndarray:
    """Return what the graph adds up for a row: ``[row, class]``."""
    plan = {"basic": 1.0, "gold": 2.0}
    features = [
        [
            float(row["age"] or 30.0),
            {True: 1.0, "no": 0.0, None: 30.0}[row["is member"]],
            plan.get(row["plan"], 0.0),
            float(bool(row["since"])),
        ]
        for row in rows
    ]
    return np.array(features, np.float32) @ _WEIGHTS + np.float32(shift) * np.array([1, 0, 0], np.float32)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return ``[row, class]`` probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def table_bundle(folder: Path, *, shift: float = 0.0, regression: bool = False) -> Path:
    """Write a bundle of a table; `shift` makes another network of it."""
    nodes = [
        *_number("age"),
        *_number("is_member"),
        helper.make_node("LabelEncoder", ["plan"], ["plan.ready"], domain="ai.onnx.ml",
                         keys_strings=["basic", "gold"], values_floats=[1.0, 2.0], default_float=0.0),
        helper.make_node("Equal", ["since", "empty"], ["since.missing"]),
        helper.make_node("Not", ["since.missing"], ["since.known"]),
        helper.make_node("Cast", ["since.known"], ["since.ready"], to=TensorProto.FLOAT),
        helper.make_node("Concat", [f"{one.tensor}.ready" for one in COLUMNS], ["all"], axis=1),
    ]  # fmt: skip
    weights = _WEIGHTS[:, :1] if regression else _WEIGHTS
    bias = np.array([shift, 0, 0], np.float32)[: weights.shape[1]]
    constants = [
        _constant("empty", np.array("", dtype=object)),
        _constant("thirty", np.array(30.0, np.float64)),
        _constant("weights", weights),
        _constant("bias", bias),
    ]
    inputs = [
        helper.make_tensor_value_info(
            one.tensor,
            TensorProto.DOUBLE if one.kind in ("number", "boolean") else TensorProto.STRING,
            ["row", 1],
        )
        for one in COLUMNS
    ]
    logits = "prediction" if regression else "logits"
    nodes.append(helper.make_node("Gemm", ["all", "weights", "bias"], [logits]))
    names = () if regression else CLASSES
    nodes += _ending(names)
    signature = Signature(
        kind="table",
        task=Task.MULTICLASS if names else Task.REGRESSION,
        columns=COLUMNS,
        class_names=names,
        num_outputs=len(names) or 1,
    )
    return _written(folder, nodes, inputs, constants, signature)


def picture_bundle(folder: Path) -> Path:
    """Write a bundle of pictures: each channel's mean is the score of a class."""
    nodes = [
        helper.make_node("Cast", ["picture"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["real", "axes"], ["logits"], keepdims=0),
        *_ending(("red", "green", "blue")),
    ]
    inputs = [helper.make_tensor_value_info("picture", TensorProto.UINT8, ["row", *_PICTURE])]
    signature = Signature(
        kind="pictures",
        task=Task.MULTICLASS,
        arrays=(ArrayInput(tensor="picture", shape=_PICTURE, dtype="uint8"),),
        class_names=("red", "green", "blue"),
        num_outputs=3,
        picture_fit="crop",
    )
    return _written(folder, nodes, inputs, [_constant("axes", np.array([1, 2]))], signature)


def png(picture: np.ndarray) -> bytes:
    """Return a picture's file."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


def _ending(names: tuple[str, ...]) -> list[onnx.NodeProto]:
    if not names:
        return []
    return [
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
        helper.make_node("ArgMax", ["probabilities"], ["code"], axis=1, keepdims=0),
        helper.make_node("LabelEncoder", ["code"], ["prediction"], domain="ai.onnx.ml",
                         keys_int64s=list(range(len(names))), values_strings=list(names)),
    ]  # fmt: skip


def _number(name: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("IsNaN", [name], [f"{name}.missing"]),
        helper.make_node("Where", [f"{name}.missing", "thirty", name], [f"{name}.filled"]),
        helper.make_node("Cast", [f"{name}.filled"], [f"{name}.ready"], to=TensorProto.FLOAT),
    ]


def _constant(name: str, values: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(values, name)


def _written(folder, nodes, inputs, constants, signature: Signature) -> Path:
    if signature.class_names:
        outputs = [
            helper.make_tensor_value_info("prediction", TensorProto.STRING, ["row"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["row", signature.num_outputs]),
        ]
    else:
        outputs = [
            helper.make_tensor_value_info("prediction", TensorProto.FLOAT, ["row", signature.num_outputs])
        ]
    graph = helper.make_graph(nodes, "small", inputs, outputs, constants)
    versions = [helper.make_opsetid("", 19), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=versions, ir_version=9)
    onnx.checker.check_model(model)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "signature.json").write_text(signature.to_json(), "utf-8")
    files = {name: digest_of(folder / name) for name in ("model.onnx", "signature.json")}
    part = folder / "bundle.json.part"
    part.write_text(json.dumps({"version": 1, "files": files}), "utf-8")
    part.replace(folder / "bundle.json")
    return folder
