"""Preprocessing and network in one graph, which takes raw rows and returns labels and probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from wellfit.data import Encoder, detail_list
from wellfit.export._columns import encoded_inputs
from wellfit.export._graph import Graph
from wellfit.export._network import network_graph
from wellfit.export._scaling import created_features, scaled
from wellfit.records import ColumnSchema, Formula, Scaling, Task
from wellfit.serving import ArrayInput, Column, Signature

Model = Any

_OUTPUTS = ("prediction", "probabilities")
_NUM_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictor:
    """What a study predicts with; everything that goes into the graph.

    Attributes:
        model: the network, on the JAX backend of Keras.
        encoder: from cells to inputs; None for arrays and pictures.
        scalings: what its inputs go through first, one for each input.
        formulas: of the features that are added to its float input before they are scaled.
        task: binary, multiclass or regression.
        class_names: labels in code order; empty for regression.
        from_logits: whether the network's outputs are logits.
        picture_fit: how pictures come to the network's size; empty for others.
        picture_depth: bits of deep grey pictures; None for others.
    """

    model: Model
    encoder: Encoder | None
    scalings: tuple[Scaling | None, ...]
    formulas: tuple[Formula, ...] = ()
    task: Task
    class_names: tuple[str, ...]
    from_logits: bool
    picture_fit: str = ""
    picture_depth: int | None = None


def study_graph(predictor: Predictor) -> tuple[onnx.ModelProto, Signature]:
    """Return the graph and what it takes and returns.

    Raises:
        UnsupportedModelError: the network cannot be written as a graph.
    """
    graph = Graph()
    columns, arrays, inputs = (
        _of_arrays(graph, predictor) if predictor.encoder is None else _of_table(graph, predictor.encoder)
    )
    outputs = graph.add(network_graph(predictor.model), _prepared(graph, predictor, inputs))
    num_outputs = _finish(graph, predictor, outputs[0])
    signature = Signature(
        kind="table" if columns else ("pictures" if predictor.picture_fit else "arrays"),
        task=predictor.task,
        columns=columns,
        arrays=arrays,
        class_names=predictor.class_names,
        num_outputs=num_outputs,
        picture_fit=predictor.picture_fit,
    )
    model = graph.model()
    helper.set_model_props(model, {"wellfit.signature": signature.to_json()})
    return model, signature


def _of_table(graph: Graph, encoder: Encoder) -> tuple[tuple[Column, ...], tuple[ArrayInput, ...], list[str]]:
    columns = tuple(_column(column) for column in encoder.used_columns)
    tensors: dict[str, str] = {}
    for column in columns:
        dtype = TensorProto.DOUBLE if column.kind in ("number", "boolean") else TensorProto.STRING
        tensors[column.name] = graph.input(column.tensor, dtype, ("row", 1))
    return columns, (), encoded_inputs(graph, encoder, tensors)


def _column(column: ColumnSchema) -> Column:
    # An empty name means "not there" in ONNX, and outputs have names of their own.
    tensor = column.name if column.name and column.name not in _OUTPUTS else f"column {column.name}"
    if column.kind in ("category", "ordinal"):
        examples = tuple(detail_list(column, "categories")[:_NUM_EXAMPLES])
        return Column(name=column.name, tensor=tensor, kind="label", examples=examples)
    if column.kind == "datetime":
        pattern = str(column.details["format"]).replace("%.f", ".%f").replace("%:z", "%z")
        return Column(name=column.name, tensor=tensor, kind="time", time_format=pattern)
    kind = "boolean" if column.details["words"] else "number"
    return Column(name=column.name, tensor=tensor, kind=kind)


def _of_arrays(
    graph: Graph, predictor: Predictor
) -> tuple[tuple[Column, ...], tuple[ArrayInput, ...], list[str]]:
    arrays: list[ArrayInput] = []
    inputs: list[str] = []
    is_wide = bool(predictor.formulas)  # the network's input has created features, too
    for tensor, scaling in zip(predictor.model.inputs, predictor.scalings, strict=True):
        shape = tuple(tensor.shape[1:])
        if is_wide and scaling is not None:
            shape = (shape[0] - len(predictor.formulas),)
        # Pictures are whole numbers; those with more than eight bits do not fit into bytes.
        is_bytes = bool(predictor.picture_fit) and predictor.picture_depth is None
        dtype = "uint8" if is_bytes else str(tensor.dtype)
        name = "pictures" if predictor.picture_fit else str(tensor.name)
        arrays.append(ArrayInput(tensor=name, shape=shape, dtype=dtype))
        value = graph.input(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), ("row", *shape))
        inputs.append(graph.cast(value, str(tensor.dtype)) if dtype != tensor.dtype else value)
    return (), tuple(arrays), inputs


def _prepared(graph: Graph, predictor: Predictor, inputs: Sequence[str]) -> list[str]:
    """Return raw inputs as the network takes them: with created features, then scaled."""
    is_matrix = [scaling is not None for scaling in predictor.scalings]
    first = is_matrix.index(True) if predictor.formulas else -1
    wide = [
        created_features(graph, value, predictor.formulas) if place == first else value
        for place, value in enumerate(inputs)
    ]
    return [scaled(graph, value, scaling) for value, scaling in zip(wide, predictor.scalings, strict=True)]


def _finish(graph: Graph, predictor: Predictor, output: str) -> int:
    """Add the outputs of the graph, and return how many columns they have."""
    width = int(predictor.model.outputs[0].shape[-1])
    if predictor.task is Task.REGRESSION:
        graph.output(output, "prediction", TensorProto.FLOAT, ("row", width))
        return width
    if width == 1:
        positive = graph.op("Sigmoid", output) if predictor.from_logits else output
        negative = graph.op("Sub", graph.constant(np.float32(1)), positive)
        probabilities, width = graph.op("Concat", negative, positive, axis=1), 2
    elif predictor.from_logits:
        probabilities = graph.op("Softmax", output, axis=1)
    else:
        total = graph.op("ReduceSum", output, graph.constant(np.array([1])), keepdims=1)
        probabilities = graph.op("Div", output, total)
    label = graph.op("ArgMax", probabilities, axis=1, keepdims=0)
    names = graph.constant(list(predictor.class_names))
    graph.output(graph.op("Gather", names, label, axis=0), "prediction", TensorProto.STRING, ("row",))
    graph.output(probabilities, "probabilities", TensorProto.FLOAT, ("row", width))
    return width
