"""A graph of ONNX that is written node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 23
ML_OPSET = 4
ML = "ai.onnx.ml"
PREFIX = "wf_"
"""Of all names that are made here; the network's own names have none."""

_TYPES = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
}


class Graph:
    """Collects nodes; a value is known by its name.

    Example:
        >>> graph = Graph()
        >>> graph.input("x", TensorProto.FLOAT, ("row", 1))
        'x'
        >>> twice = graph.op("Add", "x", "x")
        >>> graph.output(twice, "y", TensorProto.FLOAT, ("row", 1))
        >>> len(graph.model().graph.node)
        2
    """

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._opsets: dict[str, int] = {"": OPSET, ML: ML_OPSET}
        self._num_names = 0

    def input(self, name: str, dtype: int, shape: Sequence[str | int]) -> str:
        """Add an input of the graph and return its name."""
        self._inputs.append(helper.make_tensor_value_info(name, dtype, list(shape)))
        return name

    def output(self, value: str, name: str, dtype: int, shape: Sequence[str | int]) -> None:
        """Make `value` an output of the graph, called `name`."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, dtype, list(shape)))

    def constant(self, value: Any) -> str:
        """Add an array (or a list of text) and return its name."""
        name = self._new("constant")
        if isinstance(value, list):
            self._constants.append(numpy_helper.from_array(np.array(value, object), name))
        else:
            self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def op(self, kind: str, *inputs: str, domain: str = "", outputs: int = 1, **attributes: Any) -> Any:
        """Add a node and return the name of its output, or the names of several."""
        names = [self._new(kind.lower()) for _ in range(outputs)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, domain=domain, **attributes))
        return names[0] if outputs == 1 else tuple(names)

    def cast(self, value: str, dtype: str) -> str:
        """Return `value` as another type."""
        return self.op("Cast", value, to=_TYPES[dtype])

    def columns(self, value: str, places: Sequence[int]) -> str:
        """Return some columns of ``[row, column]``."""
        return self.op("Gather", value, self.constant(np.asarray(places, np.int64)), axis=1)

    def add(self, network: onnx.ModelProto, inputs: Sequence[str]) -> list[str]:
        """Put a whole network into the graph, fed by `inputs`, and return the names of its outputs."""
        part = network.graph
        renamed = dict(zip([value.name for value in part.input], inputs, strict=True))
        for node in part.node:
            node.input[:] = [renamed.get(name, name) for name in node.input]
        self._nodes.extend(part.node)
        self._constants.extend(part.initializer)
        self._opsets = {opset.domain: opset.version for opset in network.opset_import} | self._opsets
        return [value.name for value in part.output]

    def model(self) -> onnx.ModelProto:
        """Return the graph, checked."""
        graph = helper.make_graph(self._nodes, "wellfit", self._inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid(domain, version) for domain, version in self._opsets.items()]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="wellfit", ir_version=10)
        onnx.checker.check_model(model)
        return model

    def _new(self, kind: str) -> str:
        self._num_names += 1
        return f"{PREFIX}{kind}_{self._num_names}"
