"""Where a network can drop: its own layers, hidden units, feature maps, and what its heads read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import keras

from wellfit.models._blocks import is_hidden
from wellfit.models._chosen_layers import by_path
from wellfit.models._graph import Call, Graph, read_graph
from wellfit.models._kinds import has_weights, is_dropout, is_merge, is_nonlinear, is_normalization
from wellfit.models._layout import find_layout
from wellfit.models._points import dropout_points

_SPATIAL = {
    3: keras.layers.SpatialDropout1D,
    4: keras.layers.SpatialDropout2D,
    5: keras.layers.SpatialDropout3D,
}
_CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
)


class Place(NamedTuple):
    """A layer after which dropout can be put.

    Attributes:
        path: ``layer``, or ``model/layer`` in a nested model.
        layer: the layer.
        rank: axes of its output, the batch included.
    """

    path: str
    layer: Any
    rank: int


def own_dropouts(model: keras.Model, start: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path and layer of every dropout layer that the network has, nested models included.

    One with a noise shape of its own drops whole branches (stochastic depth), which is another thing.
    """
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from own_dropouts(layer, f"{start}{layer.name}/")
        elif is_dropout(layer) and getattr(layer, "noise_shape", None) is None:
            yield f"{start}{layer.name}", layer


def inner_dropouts(model: keras.Model) -> Iterator[tuple[str, float]]:
    """Yield path and highest rate of every layer that drops inside: recurrent, attention, wrapped dropout."""
    for path, layer in by_path(model).items():
        if is_dropout(layer):
            continue
        parts = list(layer._flatten_layers())
        rates = [part.rate for part in parts if is_dropout(part)]
        rates += [getattr(part, name, 0) for part in parts for name in ("dropout", "recurrent_dropout")]
        highest = max((float(rate) for rate in rates if isinstance(rate, int | float)), default=0.0)
        if highest:
            yield path, highest


def is_spatial(layer: Any) -> bool:
    """Whether a layer drops whole feature maps."""
    return isinstance(layer, tuple(_SPATIAL.values()))


def spatial_dropout(rank: int, rate: float, name: str) -> Any:
    """Return the layer that drops whole maps of a tensor with so many axes."""
    return _SPATIAL[rank](rate, name=name)


def unit_places(model: keras.Model) -> list[Place]:
    """Return where units can be dropped and are not yet: after hidden `Dense` layers, before heads."""
    graph = read_graph(model)
    names = [point.layer for point in dropout_points(model, find_layout(model)) if point.own_rate is None]
    calls = {name: graph.calls_of(name)[0] for name in names}
    for output in graph.outputs:
        call = _before_head(graph, output)
        if call is not None:
            calls.setdefault(call.name, call)
    return [Place(call.name, call.operation, len(call.shapes[0])) for call in calls.values()]


def _before_head(graph: Graph, output: tuple[int, int]) -> Call | None:
    """Return the call whose output a head reads; None where dropout is there, or nothing before it."""
    call = graph.calls[output[0]]
    while not call.is_input and len(call.inputs) == 1 and not _is_head(call):
        call = graph.calls[call.inputs[0][0]]
    if call.is_input or not _is_head(call) or len(call.inputs) != 1:
        return None
    before = graph.calls[call.inputs[0][0]]
    if before.is_input or is_dropout(before.operation) or len(graph.calls_of(before.name)) != 1:
        return None
    return before


def _is_head(call: Call) -> bool:
    return isinstance(call.operation, keras.layers.Dense | keras.layers.EinsumDense)


def map_places(model: keras.Model, start: str = "") -> list[Place]:
    """Return where whole feature maps can be dropped and are not yet: after activations of convolutions.

    In a network with residual blocks these are the activations behind the sums, or the sums themselves where
    nothing but the next block follows; in another one all of them.
    """
    graph = read_graph(model)
    found: list[Place] = []
    for call in graph.calls:
        if isinstance(call.operation, keras.Model):
            found.extend(map_places(call.operation, f"{start}{call.name}/"))
    own = [call for call in graph.calls if _is_map(graph, call)]
    merges = [call for call in graph.calls if is_merge(call.operation) and _is_wide(call)]
    if len(merges) > 1:
        read = {merge.index for merge in merges}
        own = [call for call in own if any(source[0] in read for source in call.inputs)] or [
            merge for merge in merges if is_hidden(graph, (merge.index, 0))
        ]
    found.extend(Place(f"{start}{call.name}", call.operation, len(call.shapes[0])) for call in own)
    return found


def _is_map(graph: Graph, call: Call) -> bool:
    """Whether a call is the nonlinearity of feature maps, called once, with no dropout behind it."""
    if call.is_input or len(graph.calls_of(call.name)) != 1 or not _is_wide(call):
        return False
    operation = call.operation
    activation = getattr(getattr(operation, "activation", None), "__name__", "linear")
    is_within = isinstance(operation, _CONVOLUTIONS) and activation != "linear"
    if not is_within and (not is_nonlinear(operation) or has_weights(operation)):
        return False
    # Sequences of vectors are maps only where they are convolved.
    if len(call.shapes[0]) == 3 and not _of_convolution(graph, call):
        return False
    readers = [graph.calls[index] for index in graph.consumers.get((call.index, 0), ())]
    return is_hidden(graph, (call.index, 0)) and not any(is_dropout(one.operation) for one in readers)


def _is_wide(call: Call) -> bool:
    """Whether the output is made of maps of more than one place; gates of channels are not."""
    shape = call.shapes[0]
    if len(shape) not in _SPATIAL:
        return False
    # With the channels, two axes are longer than 1, whichever comes first.
    return sum(size is None or size > 1 for size in shape[1:]) > 1


def _of_convolution(graph: Graph, call: Call) -> bool:
    """Whether a nonlinearity follows a convolution, with normalizations and the like between them."""
    while not call.is_input and len(call.inputs) == 1:
        if isinstance(call.operation, _CONVOLUTIONS):
            return True
        if has_weights(call.operation) and not is_normalization(call.operation, len(call.shapes[0])):
            return False
        call = graph.calls[call.inputs[0][0]]
    return False
