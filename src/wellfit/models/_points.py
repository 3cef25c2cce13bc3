"""Where dropout acts, or could: the points that a network's dropout rate applies to."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras

from wellfit.models._blocks import follow, is_hidden
from wellfit.models._graph import Call, Graph, read_graph, why_no_graph
from wellfit.models._kinds import is_dense, is_dropout, is_merge, is_nonlinear
from wellfit.models._layout_types import Layout


class DropoutPoint(NamedTuple):
    """A place where units can be dropped.

    Attributes:
        layer: the network's own dropout layer, or the layer after which one can be put.
        own_rate: the own layer's rate, or None where there is no dropout layer yet.
    """

    layer: str
    own_rate: float | None


def dropout_points(model: keras.Model, layout: Layout) -> tuple[DropoutPoint, ...]:
    """Return the network's own dropout layers, and the ends of hidden layers that have none.

    A point without a layer follows a hidden `Dense`: after its activation and the elementwise and
    normalization layers behind it. The linear end of a residual branch is no such point, nor is a
    layer called several times. Own layers inside nested models count as well.

    Args:
        model: the network.
        layout: its layout; where that is empty only own layers are found.

    Returns:
        The points from input to output.
    """
    if layout.reason or why_no_graph(model):
        own = [layer for layer in model._flatten_layers(include_self=False) if is_dropout(layer)]
        return tuple(DropoutPoint(layer.name, float(layer.rate)) for layer in own)
    graph = read_graph(model)
    points: dict[str, tuple[int, float | None]] = {}
    for call in graph.calls:
        for layer in _own_layers(call):
            points.setdefault(layer.name, (call.index, float(layer.rate)))
        end = _open_end(graph, call)
        if end is not None:
            points.setdefault(end.name, (end.index, None))
    ordered = sorted(points.items(), key=lambda item: item[1][0])
    return tuple(DropoutPoint(name, rate) for name, (_, rate) in ordered)


def _own_layers(call: Call) -> list[Any]:
    """Return the dropout layers that a call runs: itself, or those inside a nested model or wrapper."""
    if not isinstance(call.operation, keras.layers.Layer):
        return []
    return [layer for layer in call.operation._flatten_layers() if is_dropout(layer)]


def _open_end(graph: Graph, call: Call) -> Call | None:
    """Return the last layer of the hidden layer that begins with `call`, if no dropout follows it."""
    if not is_dense(call.operation) or len(graph.calls_of(call.name)) != 1:
        return None
    chain = follow(graph, call)
    end = chain[-1]
    key = (end.index, 0)
    readers = [graph.calls[index] for index in graph.consumers.get(key, ())]
    if not is_hidden(graph, key) or len(graph.calls_of(end.name)) != 1:
        return None
    if any(is_dropout(other.operation) for other in (*chain, *readers)):
        return None
    is_linear = not any(is_nonlinear(other.operation) for other in chain)
    return None if is_linear and any(is_merge(reader.operation) for reader in readers) else end


def hidden_ends(model: keras.Model, layout: Layout) -> tuple[str, ...]:
    """Return where outputs of hidden layers can be read: behind their activation, before dropout.

    Hidden layers are those of `dropout_points`; a network without a known graph has none.
    """
    if layout.reason or why_no_graph(model):
        return ()
    graph = read_graph(model)
    ends = (_hidden_end(graph, call) for call in graph.calls)
    return tuple(dict.fromkeys(end.name for end in ends if end is not None))


def _hidden_end(graph: Graph, call: Call) -> Call | None:
    if not is_dense(call.operation) or len(graph.calls_of(call.name)) != 1:
        return None
    chain = follow(graph, call)
    if not is_hidden(graph, (chain[-1].index, 0)) or len(graph.calls_of(chain[-1].name)) != 1:
        return None
    dropped = next((i for i, one in enumerate(chain) if is_dropout(one.operation)), len(chain))
    before = chain[:dropped]
    readers = [graph.calls[index] for index in graph.consumers.get((before[-1].index, 0), ())]
    is_linear = not any(is_nonlinear(one.operation) for one in before)
    return None if is_linear and any(is_merge(reader.operation) for reader in readers) else before[-1]


def input_places(model: keras.Model) -> tuple[str | None, ...]:
    """Return for each input of a network where noise on it acts.

    An empty string stands for the input itself, a name for the adapted `Normalization` that alone reads
    it, behind which the input has its scaled unit; None where the input is not made of real numbers.
    """
    inputs = getattr(model, "inputs", None)
    if not inputs:
        structure = getattr(model, "_inputs_struct", None)
        return ("",) * len(keras.tree.flatten(structure)) if structure is not None else ("",)
    if why_no_graph(model):
        return tuple("" if _is_real(tensor) else None for tensor in inputs)
    graph = read_graph(model)
    return tuple(_place(graph, tensor) for tensor in inputs)


def scales_inputs(model: keras.Model) -> bool:
    """Return whether a network begins with a layer that scales what it reads, on every input.

    Example:
        >>> layers = [keras.Input((4,)), keras.layers.Rescaling(1 / 255), keras.layers.Dense(1)]
        >>> scales_inputs(keras.Sequential(layers))
        True
    """
    if not getattr(model, "inputs", None) or why_no_graph(model):
        return False
    graph = read_graph(model)
    readers = [graph.consumers.get(graph.keys[id(tensor)], ()) for tensor in model.inputs]
    first = [graph.calls[one].operation for some in readers for one in some]
    kinds = keras.layers.Normalization | keras.layers.Rescaling | keras.layers.BatchNormalization
    return bool(first) and all(isinstance(operation, kinds) for operation in first)


def _place(graph: Graph, tensor: Any) -> str | None:
    if not _is_real(tensor):
        return None
    readers = graph.consumers.get(graph.keys[id(tensor)], ())
    first = graph.calls[readers[0]] if len(readers) == 1 else None
    return first.name if first is not None and isinstance(first.operation, keras.layers.Normalization) else ""


def _is_real(tensor: Any) -> bool:
    return "float" in str(tensor.dtype)


def points_at(model: keras.Model, layout: Layout, where: str) -> frozenset[str]:
    """Return the layers of all dropout points, of the first one, or of the last one."""
    points = dropout_points(model, layout)
    chosen = {"all": points, "first": points[:1], "last": points[-1:]}[where]
    return frozenset(point.layer for point in chosen)
