"""What can be changed in a network: its width groups and depth blocks, found by reading its graph."""

from __future__ import annotations

import keras

from wellfit.models._axes import AxisMap
from wellfit.models._blocks import find_blocks
from wellfit.models._graph import read_graph, why_no_graph
from wellfit.models._layout_types import (
    Axis,
    DepthBlock,
    Layout,
    OutputLayout,
    Segment,
    VariableLayout,
    WidthGroup,
)

__all__ = [
    "Axis",
    "DepthBlock",
    "Layout",
    "OutputLayout",
    "Segment",
    "VariableLayout",
    "WidthGroup",
    "find_layout",
]


def find_layout(model: keras.Model) -> Layout:
    """Return which axes and layers of a network can be narrowed, removed or repeated.

    Use it before masks, gates or `resize`. The units of each `Dense` and the maps of each plain convolution
    are a width group; elementwise layers, normalizations and pooling pass it on, additions and the like
    unite groups, concatenations put them side by side. Inputs, outputs and whatever is not understood
    (reshapes, attention, depthwise convolutions, nested models) are fixed.

    Args:
        model: a built Sequential or functional model; any other gives an empty layout with a reason.

    Returns:
        Plain data: names, numbers and tuples.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8), keras.layers.Dense(1)])
        >>> [group.size for group in find_layout(model).groups]
        [8]
    """
    reason = why_no_graph(model)
    if reason:
        return Layout(variables=_fixed(model), reason=reason)
    graph = read_graph(model)
    axes = AxisMap(graph)
    return Layout(
        groups=axes.groups,
        variables=axes.variables(model),
        outputs=axes.outputs(),
        blocks=find_blocks(graph, axes),
    )


def _fixed(model: keras.Model) -> tuple[VariableLayout, ...]:
    """Return a layout of the weights of a model that cannot be read, all axes fixed."""
    found: dict[int, VariableLayout] = {}
    for layer in model.layers:
        for index, variable in enumerate(layer.weights):
            shape = tuple(int(size) for size in variable.shape)
            found[id(variable)] = VariableLayout(
                layer=layer.name, index=index, path=variable.path, shape=shape, axes=(None,) * len(shape)
            )
    return tuple(found[id(variable)] for variable in model.weights if id(variable) in found)
