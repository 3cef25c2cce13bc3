"""Preprocessing and network in one graph, which takes raw rows and returns labels and probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper

from wellfit.formats._columns import encoded_inputs
from wellfit.formats._graph import Graph
from wellfit.formats._network import network_graph
from wellfit.formats._predictor import Predictor
from wellfit.formats._scaling import created_features, scaled
from wellfit.formats._signature import signature_of
from wellfit.records import Task
from wellfit.serving import Signature


def study_graph(
    predictor: Predictor,
    *,
    with_labels: bool = True,
    change: Callable[[onnx.ModelProto], onnx.ModelProto] | None = None,
) -> onnx.ModelProto:
    """Return the graph of a study; `signature_of` says what it takes and returns.

    Args:
        predictor: of the study.
        with_labels: whether classes are named, too; not every runtime knows text.
        change: what is done to the graph of the network before it is put in its place.

    Raises:
        UnsupportedModelError: the network cannot be written as a graph.
    """
    graph, signature = Graph(), signature_of(predictor)
    if predictor.encoder is None:
        inputs = _of_arrays(graph, predictor, signature)
    else:
        inputs = encoded_inputs(graph, predictor.encoder, column_tensors(graph, signature))
    network = network_graph(predictor.model)
    network = network if change is None else change(network)
    outputs = graph.add(network, _prepared(graph, predictor, inputs))
    _finish(graph, predictor, outputs[0], with_labels=with_labels)
    model = graph.model()
    helper.set_model_props(model, {"wellfit.signature": signature.to_json()})
    return model


def column_tensors(graph: Graph, signature: Signature) -> dict[str, str]:
    """Add an input for each column, and return their names by that of the column."""
    return {
        column.name: graph.input(
            column.tensor,
            TensorProto.DOUBLE if column.kind in ("number", "boolean") else TensorProto.STRING,
            ("row", 1),
        )
        for column in signature.columns
    }


def _of_arrays(graph: Graph, predictor: Predictor, signature: Signature) -> list[str]:
    """Add an input for each array, and return them in the types that the network takes."""
    inputs: list[str] = []
    for array, tensor in zip(signature.arrays, predictor.model.inputs, strict=True):
        dtype = helper.np_dtype_to_tensor_dtype(np.dtype(array.dtype))
        value = graph.input(array.tensor, dtype, ("row", *array.shape))
        inputs.append(value if array.dtype == tensor.dtype else graph.cast(value, str(tensor.dtype)))
    return inputs


def _prepared(graph: Graph, predictor: Predictor, inputs: Sequence[str]) -> list[str]:
    """Return raw inputs as the network takes them: with created features, then scaled."""
    is_matrix = [scaling is not None for scaling in predictor.scalings]
    first = is_matrix.index(True) if predictor.formulas else -1
    wide = [
        created_features(graph, value, predictor.formulas) if place == first else value
        for place, value in enumerate(inputs)
    ]
    return [scaled(graph, value, scaling) for value, scaling in zip(wide, predictor.scalings, strict=True)]


def _finish(graph: Graph, predictor: Predictor, output: str, *, with_labels: bool) -> None:
    """Add the outputs of the graph."""
    width = int(predictor.model.outputs[0].shape[-1])
    if predictor.task is Task.REGRESSION:
        graph.output(output, "prediction", TensorProto.FLOAT, ("row", width))
        return
    if width == 1:
        positive = graph.op("Sigmoid", output) if predictor.from_logits else output
        negative = graph.op("Sub", graph.constant(np.float32(1)), positive)
        probabilities, width = graph.op("Concat", negative, positive, axis=1), 2
    elif predictor.from_logits:
        probabilities = graph.op("Softmax", output, axis=1)
    else:
        total = graph.op("ReduceSum", output, graph.constant(np.array([1])), keepdims=1)
        probabilities = graph.op("Div", output, total)
    if with_labels:
        label = graph.op("ArgMax", probabilities, axis=1, keepdims=0)
        names = graph.constant(list(predictor.class_names))
        graph.output(graph.op("Gather", names, label, axis=0), "prediction", TensorProto.STRING, ("row",))
    graph.output(probabilities, "probabilities", TensorProto.FLOAT, ("row", width))
