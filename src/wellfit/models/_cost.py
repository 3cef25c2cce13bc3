"""What a network costs to run, counted from its shapes."""

from __future__ import annotations

import math
from typing import Any

import keras

from wellfit.models._graph import Call, read_graph, why_no_graph


def products_per_row(model: keras.Model) -> int:
    """Return about how many products one row takes on its way through a network.

    A weight is used once for each place of the output of its layer: a kernel of a convolution at every place
    of the map, that of a `Dense` on a sequence at every step. A network whose graph is not known counts each
    weight once.

    Example:
        >>> layers = keras.layers
        >>> model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3, padding="same"),
        ...                           layers.Flatten(), layers.Dense(2)])
        >>> products_per_row(model)  # 40 weights at 64 places, then 514
        3074
    """
    if why_no_graph(model):
        return model.count_params()
    return sum(products_of(call) for call in read_graph(model).calls)


def outputs_per_row(model: keras.Model) -> int:
    """Return how many numbers all layers of a network put out for one row; 0 where its graph is not known.

    A network that is called layer by layer may hold all of them at once.

    Example:
        >>> layers = keras.layers
        >>> model = keras.Sequential([keras.Input((8,)), layers.Dense(4), layers.Dense(2)])
        >>> outputs_per_row(model)  # the row itself is counted, too
        14
    """
    if why_no_graph(model):
        return 0
    return sum(_outputs_of(call) for call in read_graph(model).calls)


def _outputs_of(call: Call) -> int:
    if isinstance(call.operation, keras.Model):
        return outputs_per_row(call.operation)
    return sum(math.prod(size or 1 for size in shape[1:]) for shape in call.shapes)


def products_of(call: Call) -> int:
    """Return the products of one call of a layer, for a row; 0 for what is no layer."""
    layer: Any = call.operation
    if call.is_input or not isinstance(layer, keras.layers.Layer):
        return 0
    if isinstance(layer, keras.Model):
        return products_per_row(layer)
    weights = layer.count_params() if layer.weights else 0
    return weights * _places(layer, call)


def _places(layer: Any, call: Call) -> int:
    """Return at how many places each weight is used: those of the output, or the steps of a recurrence."""
    shape = call.shapes[0]
    if isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional) and layer.weights:
        steps = _input_shape(call)[1:2]
        return int(steps[0]) if steps and steps[0] else 1
    if isinstance(layer, keras.layers.Embedding):
        return 1
    if isinstance(layer, keras.layers.EinsumDense):
        # Places are the axes of the output that the kernel does not have, but for the rows.
        inputs, outputs = layer.equation.replace(" ", "").split("->")
        kernel = inputs.split(",")[1]
        named = zip(outputs, shape, strict=False) if "..." not in outputs else ()
        return math.prod(size or 1 for axis, size in list(named)[1:] if axis not in kernel)
    first = getattr(layer, "data_format", "channels_last") == "channels_first"
    places = shape[2:] if first else shape[1:-1]
    return math.prod(size or 1 for size in places)


def _input_shape(call: Call) -> tuple[int | None, ...]:
    tensors = keras.tree.flatten([call.args, call.kwargs])
    return next((tuple(tensor.shape) for tensor in tensors if hasattr(tensor, "shape")), ())
