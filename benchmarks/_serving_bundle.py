"""A bundle of a table of 20 columns, with the network of the reference task behind its preprocessing.

It has a reference, as the bundle of a study has, so that a server watches what it is asked for drift.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from wellfit.drift import make_reference, reference_json
from wellfit.records import Task
from wellfit.serving import Column, Signature, digest_of, load

NUMBERS = tuple(f"x{i}" for i in range(15))
LABELS = tuple(f"c{i}" for i in range(5))
WORDS = ("red", "green", "blue", "yellow", "black", "white")
UNITS = (64, 32)
Kind = Literal["number", "category"]
CLASSES = ("no", "yes")


def write_bundle(folder: Path) -> Path:
    """Write a bundle: 15 numbers imputed and scaled, 5 labels one-hot, 64 and 32 units, two classes."""
    random = np.random.default_rng(0)
    nodes: list[onnx.NodeProto] = []
    constants = [
        _constant("depth", np.array(len(WORDS), np.int64)),
        _constant("onoff", np.array([0, 1], np.float32)),
    ]
    joined: list[str] = []
    for name in NUMBERS:
        mean, scale = random.normal(size=2)
        constants += [
            _constant(f"{name}.mean", np.array(mean, np.float64)),
            _constant(f"{name}.scale", np.array(abs(scale) + 0.5, np.float32)),
        ]
        nodes += [
            helper.make_node("IsNaN", [name], [f"{name}.missing"]),
            helper.make_node("Where", [f"{name}.missing", f"{name}.mean", name], [f"{name}.filled"]),
            helper.make_node("Sub", [f"{name}.filled", f"{name}.mean"], [f"{name}.centered"]),
            helper.make_node("Cast", [f"{name}.centered"], [f"{name}.real"], to=TensorProto.FLOAT),
            helper.make_node("Div", [f"{name}.real", f"{name}.scale"], [f"{name}.ready"]),
        ]
        joined.append(f"{name}.ready")
    for name in LABELS:
        nodes += [
            helper.make_node(
                "LabelEncoder",
                [name],
                [f"{name}.code"],
                domain="ai.onnx.ml",
                keys_strings=list(WORDS),
                values_int64s=list(range(len(WORDS))),
                default_int64=-1,
            ),
            helper.make_node("OneHot", [f"{name}.code", "depth", "onoff"], [f"{name}.cube"], axis=-1),
            helper.make_node("Squeeze", [f"{name}.cube", "one"], [f"{name}.ready"]),
        ]
        joined.append(f"{name}.ready")
    constants.append(_constant("one", np.array([1], np.int64)))
    nodes.append(helper.make_node("Concat", joined, ["layer0"], axis=1))
    width = len(NUMBERS) + len(LABELS) * len(WORDS)
    for place, units in enumerate((*UNITS, len(CLASSES))):
        weights = random.normal(size=(width, units)) / np.sqrt(width)
        constants += [
            _constant(f"w{place}", weights.astype(np.float32)),
            _constant(f"b{place}", np.zeros(units, np.float32)),
        ]
        is_last = units == len(CLASSES)
        nodes += [
            helper.make_node("Gemm", [f"layer{place}", f"w{place}", f"b{place}"], [f"sum{place}"]),
            helper.make_node(
                "Softmax" if is_last else "Relu",
                [f"sum{place}"],
                ["probabilities" if is_last else f"layer{place + 1}"],
            ),
        ]
        width = units
    nodes += [
        helper.make_node("ArgMax", ["probabilities"], ["code"], axis=1, keepdims=0),
        helper.make_node(
            "LabelEncoder",
            ["code"],
            ["prediction"],
            domain="ai.onnx.ml",
            keys_int64s=[0, 1],
            values_strings=list(CLASSES),
        ),
    ]
    _write(folder, nodes, constants)
    (folder / "reference.json").write_text(_reference(folder), "utf-8")
    _write_manifest(folder)
    return folder


def rows(count: int) -> list[dict[str, object]]:
    """Return raw rows, one cell in twenty missing: of labels, as not every peer reads NaN in JSON."""
    random = np.random.default_rng(1)
    made: list[dict[str, object]] = []
    for _ in range(count):
        numbers = {name: round(float(random.normal()), 4) for name in NUMBERS}
        labels = {name: str(random.choice(WORDS)) for name in LABELS}
        row: dict[str, object] = {**numbers, **labels}
        made.append({**row, str(random.choice(LABELS)): None})
    return made


def tensors(row: dict[str, object]) -> list[dict[str, object]]:
    """Return a row as inputs of the V2 protocol, which has no null: empty text is missing."""
    inputs: list[dict[str, object]] = []
    for name, cell in row.items():
        is_number = name in NUMBERS
        inputs.append(
            {
                "name": name,
                "shape": [1, 1],
                "datatype": "FP64" if is_number else "BYTES",
                "data": ["" if cell is None else cell],
            }
        )
    return inputs


def _reference(folder: Path) -> str:
    """Return what a study would keep of 2,000 rows like those that are asked."""
    told = rows(2000)
    random = np.random.default_rng(2)
    columns: dict[str, tuple[Kind, Any]] = {
        name: ("number" if name in NUMBERS else "category", [row[name] for row in told])
        for name in (*NUMBERS, *LABELS)
    }
    return reference_json(
        make_reference(
            columns,
            task=Task.BINARY,
            class_names=CLASSES,
            metric="log_loss",
            prediction=load(folder).predict_proba(told),
            target=random.integers(0, 2, len(told)),
        )
    )


def _write(folder: Path, nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> None:
    columns = [Column(name=name, tensor=name, kind="number", examples=("0.5",)) for name in NUMBERS]
    columns += [Column(name=name, tensor=name, kind="label", examples=WORDS[:2]) for name in LABELS]
    signature = Signature(
        kind="table", task=Task.BINARY, columns=tuple(columns), class_names=CLASSES, num_outputs=2
    )
    types = {"number": TensorProto.DOUBLE, "label": TensorProto.STRING}
    inputs = [helper.make_tensor_value_info(one.tensor, types[one.kind], ["row", 1]) for one in columns]
    outputs = [
        helper.make_tensor_value_info("prediction", TensorProto.STRING, ["row"]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["row", 2]),
    ]
    graph = helper.make_graph(nodes, "table", inputs, outputs, constants)
    versions = [helper.make_opsetid("", 19), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=versions, ir_version=9)
    onnx.checker.check_model(model)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "signature.json").write_text(signature.to_json(), "utf-8")
    _write_manifest(folder)


def _write_manifest(folder: Path) -> None:
    files = {path.name: digest_of(path) for path in folder.iterdir() if path.name != "bundle.json"}
    (folder / "bundle.json").write_text(json.dumps({"version": 1, "files": files}), "utf-8")


def _constant(name: str, values: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(values, name)
