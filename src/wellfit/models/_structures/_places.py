"""Where in a network a change of structure acts: hidden nonlinearities, hidden normalizations, entrances."""

from __future__ import annotations

from typing import Any

import keras

from wellfit.models._blocks import is_hidden
from wellfit.models._graph import Call, Graph
from wellfit.models._kinds import (
    has_weights,
    is_elementwise_activation,
    is_nonlinear,
    is_normalization,
    is_passing,
)

_WITH_ACTIVATION = (
    keras.layers.Dense,
    keras.layers.EinsumDense,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Activation,
)
# What stands between an input and the network proper: it prepares the columns one by one.
_PREPARING = (keras.layers.Normalization, keras.layers.Rescaling, keras.layers.BatchNormalization)


def nonlinearity(operation: Any) -> str:
    """Return the name of the elementwise nonlinearity that a layer or operation applies, or an empty string.

    Example:
        >>> nonlinearity(keras.layers.Dense(3, activation="tanh")), nonlinearity(keras.layers.LeakyReLU())
        ('tanh', 'leaky_relu')
    """
    if type(operation) in _WITH_ACTIVATION:
        activation = operation.activation
        if isinstance(activation, keras.layers.Layer):
            return nonlinearity(activation)
        name = getattr(activation, "__name__", "linear")
        return name if name != "linear" and is_elementwise_activation(activation) else ""
    if not is_nonlinear(operation):
        return ""
    kind = type(operation).__name__
    return {"LeakyReLU": "leaky_relu", "PReLU": "prelu"}.get(kind, kind.lower())


def hidden_nonlinearities(graph: Graph) -> dict[str, Call]:
    """Return the first call of each hidden layer or operation with a nonlinearity, from input to output.

    Not among them are softmax, gates (a sigmoid that is multiplied with something else) and the output's
    activation.
    """
    found: dict[str, Call] = {}
    for call in graph.calls:
        ends = [(other.index, 0) for other in graph.calls_of(call.name)]
        if call.is_input or not nonlinearity(call.operation):
            continue
        gate = "sigmoid" in nonlinearity(call.operation) and any(_is_factor(graph, end) for end in ends)
        if not gate and all(is_hidden(graph, end) for end in ends):
            found.setdefault(call.name, call)
    return found


def _is_factor(graph: Graph, end: tuple[int, int]) -> bool:
    readers = [graph.calls[index] for index in graph.consumers.get(end, ())]
    return any(type(reader.operation).__name__ == "Multiply" for reader in readers)


def hidden_normalizations(graph: Graph) -> dict[str, Call]:
    """Return the first call of each batch or layer normalization between layers with weights."""
    found: dict[str, Call] = {}
    for call in graph.calls:
        rank = len(call.shapes[0])
        inside = is_hidden(graph, (call.index, 0)) and _is_behind_weights(graph, call)
        if is_normalization(call.operation, rank) and inside:
            found.setdefault(call.name, call)
    return found


def normalization_kind(operation: Any) -> str:
    """Return ``batch`` or ``layer``."""
    return "batch" if isinstance(operation, keras.layers.BatchNormalization) else "layer"


def maker_of(graph: Graph, call: Call) -> Call:
    """Return the layer whose units a call takes up, through elementwise and normalizing calls."""
    while True:
        passes = len(call.inputs) == 1 and is_passing(call.operation, len(call.shapes[0]))
        if call.is_input or not passes:
            return call
        call = graph.calls[call.inputs[0][0]]


def float_input(graph: Graph) -> Call | None:
    """Return the first input of floats ``[row, feature]``, None if there is none."""
    for call in graph.calls:
        shape = call.shapes[0]
        if call.is_input and len(shape) == 2 and shape[1] and "float" in str(call.operation.dtype):
            return call
    return None


def entrance(graph: Graph) -> Call | None:
    """Return the call behind which float features are ready to be read, None if there are no such features.

    That is `float_input`, or the last of the layers behind it that only prepare its columns.
    """
    start = float_input(graph)
    return None if start is None else _prepared(graph, start)


def _prepared(graph: Graph, call: Call) -> Call:
    while True:
        readers = graph.consumers.get((call.index, 0), ())
        if len(readers) != 1 or not isinstance(graph.calls[readers[0]].operation, _PREPARING):
            return call
        call = graph.calls[readers[0]]


def _is_behind_weights(graph: Graph, call: Call) -> bool:
    """Whether a layer with weights, other than one that prepares or normalizes, leads to a call."""
    waiting, seen = [key[0] for key in call.inputs], set[int]()
    while waiting:
        index = waiting.pop()
        if index in seen:
            continue
        seen.add(index)
        before = graph.calls[index]
        prepares = isinstance(before.operation, _PREPARING)
        normalizes = is_normalization(before.operation, len(before.shapes[0]))
        if has_weights(before.operation) and not prepares and not normalizes:
            return True
        waiting.extend(key[0] for key in before.inputs)
    return False
