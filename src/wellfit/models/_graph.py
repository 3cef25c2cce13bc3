"""The network as a list of calls: read once from Keras, walked by layout and surgery alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras

from wellfit.records import SettingsError

TensorKey = tuple[int, int]
"""A tensor: index of the call that made it, and its position among that call's outputs."""


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer or operation.

    Attributes:
        index: position in `Graph.calls`.
        operation: the Keras layer or operation.
        name: its name.
        inputs: the tensors that go in, flattened.
        args: positional arguments with Keras tensors in place.
        kwargs: keyword arguments likewise.
        shapes: shapes of the tensors that come out.
        is_input: whether it is an input of the network.
    """

    index: int
    operation: Any
    name: str
    inputs: tuple[TensorKey, ...]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    shapes: tuple[tuple[int | None, ...], ...]
    is_input: bool


@dataclass(frozen=True, eq=False)
class Graph:
    """Calls in an order in which they can run, and which tensors are the network's outputs.

    Attributes:
        calls: every call that an output depends on, and every input.
        outputs: the tensors the network returns, flattened.
        keys: from the identity of a Keras tensor to its `TensorKey`.
        consumers: from a tensor to the calls that read it (once for each time they do).
    """

    calls: tuple[Call, ...]
    outputs: tuple[TensorKey, ...]
    keys: dict[int, TensorKey]
    consumers: dict[TensorKey, tuple[int, ...]] = field(default_factory=dict)

    def calls_of(self, name: str) -> tuple[Call, ...]:
        """Return all calls of the layer called `name`."""
        return tuple(call for call in self.calls if call.name == name)

    def shape(self, key: TensorKey) -> tuple[int | None, ...]:
        """Return the shape of a tensor."""
        return self.calls[key[0]].shapes[key[1]]


def check_model(model: Any) -> None:
    """Raise a `SettingsError` unless `model` is a Keras network."""
    if not isinstance(model, keras.Model):
        raise SettingsError(
            "this is not a network.",
            received=f"an object of type {type(model).__name__}",
            expected="a keras.Model",
        )


def why_no_graph(model: keras.Model) -> str:
    """Return why the layers of `model` cannot be listed as a graph, or an empty string if they can."""
    bases = {base.__name__: base for base in type(model).__mro__}
    kind = bases.get("Sequential") or bases.get("Functional")
    if kind is None:
        return f"{type(model).__name__} is a subclassed model: its graph is known only to its own code"
    if type(model).call is not kind.call:
        return f"{type(model).__name__} overrides call(): its graph is known only to its own code"
    if not model.built or not getattr(model, "inputs", None):
        return f"model {model.name!r} is not built (no keras.Input): its input shape is not known"
    return ""


def read_graph(model: keras.Model) -> Graph:
    """Return the calls of a built Sequential or functional model; see `why_no_graph` first."""
    calls: list[Call] = []
    index_of: dict[int, int] = {}
    keys: dict[int, TensorKey] = {}
    for tensor in [*model.inputs, *model.outputs]:
        _visit(tensor, calls, index_of, keys)
    outputs = tuple(keys[id(tensor)] for tensor in model.outputs)
    readers: dict[TensorKey, list[int]] = {}
    for call in calls:
        for key in call.inputs:
            readers.setdefault(key, []).append(call.index)
    consumers = {key: tuple(indices) for key, indices in readers.items()}
    return Graph(tuple(calls), outputs, keys, consumers)


def _visit(tensor: Any, calls: list[Call], index_of: dict[int, int], keys: dict[int, TensorKey]) -> None:
    """Append the call that made `tensor`, after all calls it depends on."""
    stack = [tensor]
    while stack:
        operation, node_index, _ = stack[-1]._keras_history
        node = operation._inbound_nodes[node_index]
        if id(node) in index_of:
            stack.pop()
            continue
        missing = [parent for parent in node.input_tensors if id(parent) not in keys]
        if missing:
            stack.extend(reversed(missing))
            continue
        stack.pop()
        index = index_of[id(node)] = len(calls)
        for position, output in enumerate(node.outputs):
            keys[id(output)] = (index, position)
        calls.append(_call(node, index, keys))


def _call(node: Any, index: int, keys: dict[int, TensorKey]) -> Call:
    return Call(
        index=index,
        operation=node.operation,
        name=node.operation.name,
        inputs=tuple(keys[id(parent)] for parent in node.input_tensors),
        args=tuple(node.arguments.args),
        kwargs=dict(node.arguments.kwargs),
        shapes=tuple(tuple(output.shape) for output in node.outputs),
        is_input=isinstance(node.operation, keras.layers.InputLayer),
    )
