"""Bundles that are small enough to be written by hand."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from onnx import TensorProto

from wellfit.drift import make_reference, reference_json
from wellfit.formats._graph import Graph
from wellfit.records import Task
from wellfit.serving import Column, Signature

TABLE = Signature(
    kind="table",
    task=Task.BINARY,
    columns=(
        Column(name="x", tensor="x", kind="number"),
        Column(name="c", tensor="c", kind="label", examples=("u",)),
    ),
    class_names=("no", "yes"),
    num_outputs=2,
)


def write_bundle(folder: Path, *, signature: Signature = TABLE, graph: bytes | None = None) -> Path:
    """Write a bundle into `folder` and return it.

    With `TABLE` the probability of "yes" is the cell x, or 0.25 where x is missing or c is not "u"; with
    another signature of one array ``[row, 2]`` the prediction is the sum of a row.
    """
    made = _table() if signature is TABLE else _sums(signature)
    (folder / "model.onnx").write_bytes(made.model().SerializeToString() if graph is None else graph)
    (folder / "signature.json").write_text(signature.to_json(), "utf-8")
    files = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("model.onnx", "signature.json")
    }
    (folder / "bundle.json").write_text(json.dumps({"version": 1, "files": files}), "utf-8")
    return folder


def write_watched_bundle(folder: Path) -> Path:
    """Write one that knows what x and c were in training: x evenly between 0 and 1, c mostly u."""
    rng = np.random.default_rng(4)
    x, c = rng.random(800), rng.choice(["u", "v"], 800, p=[0.9, 0.1])
    yes = np.where(c == "u", x, 0.25)
    reference = make_reference(
        {"x": ("number", x), "c": ("category", c.tolist())},
        task=Task.BINARY,
        class_names=("no", "yes"),
        prediction=np.stack([1 - yes, yes], axis=1),
        target=(rng.random(800) < yes).astype(np.int32),
        metric="log_loss",
    )
    folder.mkdir()
    add_file(write_bundle(folder), "reference.json", reference_json(reference))
    return folder


def add_file(bundle: Path, name: str, text: str) -> None:
    """Put another file into a bundle and its manifest."""
    (bundle / name).write_text(text, "utf-8")
    manifest = json.loads((bundle / "bundle.json").read_text("utf-8"))
    manifest["files"][name] = hashlib.sha256(text.encode()).hexdigest()
    (bundle / "bundle.json").write_text(json.dumps(manifest), "utf-8")


def _table() -> Graph:
    graph = Graph()
    x = graph.input("x", TensorProto.DOUBLE, ("row", 1))
    c = graph.input("c", TensorProto.STRING, ("row", 1))
    is_known = graph.op(
        "And", graph.op("Not", graph.op("IsNaN", x)), graph.op("Equal", c, graph.constant(["u"]))
    )
    yes = graph.cast(graph.op("Where", is_known, x, graph.constant(np.float64(0.25))), "float32")
    both = graph.op("Concat", graph.op("Sub", graph.constant(np.float32(1)), yes), yes, axis=1)
    graph.output(both, "probabilities", TensorProto.FLOAT, ("row", 2))
    label = graph.op("ArgMax", both, axis=1, keepdims=0)
    graph.output(
        graph.op("Gather", graph.constant(["no", "yes"]), label), "prediction", TensorProto.STRING, ("row",)
    )
    return graph


def _sums(signature: Signature) -> Graph:
    graph = Graph()
    x = graph.input(signature.arrays[0].tensor, TensorProto.FLOAT, ("row", 2))
    total = graph.op("ReduceSum", x, graph.constant(np.array([1])), keepdims=1)
    graph.output(total, "prediction", TensorProto.FLOAT, ("row", 1))
    return graph
