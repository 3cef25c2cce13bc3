"""Convolutions with fewer weights: kernels of 3 by 3 places, or a depthwise and a pointwise part.

Kernels of 3 by 3 places are not made smaller still. One of 1 by 1 sees no neighbors: what is left is a
network of the colors of single places. One of 2 by 2 has no middle, so that with padding every layer moves
the maps by half a place, and it saves about half of the weights, where a depthwise and a pointwise part save
most of them. For networks of such kernels ``separable`` and a smaller width are what there is to try.

Sources: Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, 2015;
Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, 2017; Wu et al., Convolution with
Even-Sized Kernels and Symmetric Padding, 2019 (kernels without a middle).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import keras

from wellfit.models._graph import Call, Graph, read_graph
from wellfit.models._kinds import is_convolution
from wellfit.models._rebuild import Config, Edits, rebuild
from wellfit.records import UnsupportedModelError

_SMALL = 3
# A depthwise part keeps the maps apart: of the channels of a picture there would be too few.
_FEWEST_MAPS = 8


def shrinkable(graph: Graph) -> dict[str, Call]:
    """Return the convolutions whose kernels could be smaller: square, of more than 3 by 3 places.

    Not among them are those that would skip places (strides above 3), dilated ones, frozen ones, and those
    without padding whose maps others read as well.
    """
    return {call.name: call for call in graph.calls if _is_plain(graph, call) and _is_shrinkable(graph, call)}


def separable(graph: Graph) -> dict[str, Call]:
    """Return the convolutions that could be a depthwise and a pointwise one: of several places and maps."""
    return {call.name: call for call in graph.calls if _is_plain(graph, call) and _is_separable(graph, call)}


def with_convolutions(model: keras.Model, kind: Literal["small", "separable"]) -> keras.Model:
    """Return the network with fewer weights in its convolutions; all maps keep their size.

    ``small`` makes kernels of 3 by 3 places of larger ones. Where a convolution has no padding, the edge that
    the larger kernel would have used up is cropped first: the small kernel stands where the middle of the
    large one stood. ``separable`` makes a `SeparableConv2D` of each convolution: every map by itself, then
    their sums.

    Raises:
        UnsupportedModelError: there is no such convolution.
    """
    graph = read_graph(model)
    found = shrinkable(graph) if kind == "small" else separable(graph)
    if not found:
        larger = (
            "of more than 3 by 3 places" if kind == "small" else f"that reads {_FEWEST_MAPS} maps or more"
        )
        raise UnsupportedModelError(
            "there are no convolutions to make smaller",
            received=f"no convolution of pictures {larger}",
            expected="at least one that is trained: keras.layers.Conv2D(32, 5)",
            fix="leave the network as it is",
        )
    return rebuild(model, _smaller(graph, found) if kind == "small" else _separated(found))


def _smaller(graph: Graph, found: dict[str, Call]) -> Edits:
    def change(layer: Any, config: Config) -> Config:
        return {**config, "kernel_size": (_SMALL, _SMALL)} if layer.name in found else config

    bare = {name: call for name, call in found.items() if call.operation.padding == "valid"}
    cropped = {graph.calls[call.inputs[0][0]].name: _cropping(call) for call in bare.values()}
    return Edits(change=change, inserted=cropped)


def _cropping(call: Call) -> Callable[[str], keras.layers.Layer]:
    edge = call.operation.kernel_size[0] - _SMALL
    sides = (edge // 2, edge - edge // 2)
    return lambda suffix: keras.layers.Cropping2D((sides, sides), name=f"{call.name}{suffix}_cropped")


def _separated(found: dict[str, Call]) -> Edits:
    def kind(layer: Any) -> Any:
        return keras.layers.SeparableConv2D if layer.name in found else type(layer)

    def change(layer: Any, config: Config) -> Config:
        return _separable_config(config) if layer.name in found else config

    return Edits(change=change, kind=kind)


def _separable_config(config: Config) -> Config:
    own = {
        name: value for name, value in config.items() if not name.startswith("kernel_") and name != "groups"
    }
    # Keras counts all maps into the fans of a depthwise kernel, whose units read one map each.
    depthwise = keras.initializers.VarianceScaling(1.0, mode="fan_out")
    return {
        **own,
        "kernel_size": config["kernel_size"],
        "depthwise_initializer": depthwise,
        "pointwise_initializer": config["kernel_initializer"],
        "depthwise_regularizer": config["kernel_regularizer"],
        "pointwise_regularizer": config["kernel_regularizer"],
    }


def _is_plain(graph: Graph, call: Call) -> bool:
    layer = call.operation
    if not is_convolution(layer) or type(layer) is not keras.layers.Conv2D or not layer.trainable:
        return False
    return len(graph.calls_of(call.name)) == 1 and tuple(layer.dilation_rate) == (1, 1)


def _is_shrinkable(graph: Graph, call: Call) -> bool:
    rows, columns = call.operation.kernel_size
    if rows != columns or rows <= _SMALL or max(call.operation.strides) > _SMALL:
        return False
    return call.operation.padding == "same" or _reads_alone(graph, call)


def _reads_alone(graph: Graph, call: Call) -> bool:
    source = call.inputs[0]
    before = graph.calls[source[0]]
    is_once = len(graph.calls_of(before.name)) == 1 and len(before.shapes) == 1
    return is_once and source not in graph.outputs and graph.consumers[source] == (call.index,)


def _is_separable(graph: Graph, call: Call) -> bool:
    layer, num_maps = call.operation, graph.shape(call.inputs[0])[-1] or 0
    has_places = min(layer.kernel_size) > 1 and layer.strides[0] == layer.strides[1]
    return has_places and num_maps >= _FEWEST_MAPS and layer.kernel_constraint is None
