"""What of a network's structure can be changed, read from its graph without building anything."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from wellfit.models._dropout_places import map_places
from wellfit.models._graph import read_graph, why_no_graph
from wellfit.models._layout_types import Layout
from wellfit.models._structures._convolutions import separable, shrinkable
from wellfit.models._structures._entrance import has_periodic
from wellfit.models._structures._places import (
    entrance,
    hidden_nonlinearities,
    hidden_normalizations,
    nonlinearity,
    normalization_kind,
)
from wellfit.models._structures._pooling import flattenings
from wellfit.models._structures._skip import bridgeable, residual_blocks


@dataclass(frozen=True, kw_only=True)
class StructureFacts:
    """What there is between the layers of a network.

    Attributes:
        activations: names of the hidden nonlinearities, each once, from input to output.
        normalizations: kinds of the hidden normalizations (``batch``, ``layer``), each once.
        can_skip: whether there are hidden layers of equal width without a sum that bridges them.
        has_skip: whether there are residual blocks.
        can_pool: whether maps of a convolution are flattened.
        can_drop_maps: whether there are maps of convolutions without dropout behind them.
        can_shrink_kernels: whether there are convolutions with more than 3 by 3 places.
        can_separate: whether there are convolutions that could be a depthwise and a pointwise one.
        has_features: whether there is an input of floats, ``[row, feature]``.
        has_periodic: whether periodic features stand beside it that can be taken out.
    """

    activations: tuple[str, ...] = ()
    normalizations: tuple[str, ...] = ()
    can_skip: bool = False
    has_skip: bool = False
    can_pool: bool = False
    can_drop_maps: bool = False
    can_shrink_kernels: bool = False
    can_separate: bool = False
    has_features: bool = False
    has_periodic: bool = False


def structure_facts(model: keras.Model, layout: Layout) -> StructureFacts:
    """Return what there is to change in a network; nothing for one whose graph cannot be read.

    Args:
        model: the network.
        layout: its layout.

    Example:
        >>> from wellfit.models import find_layout
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"),
        ...                           keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
        >>> structure_facts(model, find_layout(model)).activations
        ('tanh', 'relu')
    """
    if layout.reason or why_no_graph(model) or any(isinstance(layer, keras.Model) for layer in model.layers):
        return StructureFacts()
    graph = read_graph(model)
    activations = [nonlinearity(call.operation) for call in hidden_nonlinearities(graph).values()]
    kinds = [normalization_kind(call.operation) for call in hidden_normalizations(graph).values()]
    return StructureFacts(
        activations=tuple(dict.fromkeys(activations)),
        normalizations=tuple(dict.fromkeys(kinds)),
        can_skip=bool(bridgeable(layout)),
        has_skip=bool(residual_blocks(layout)),
        can_pool=bool(flattenings(graph)),
        can_drop_maps=bool(map_places(model)),
        can_shrink_kernels=bool(shrinkable(graph)),
        can_separate=bool(separable(graph)),
        has_features=entrance(graph) is not None,
        has_periodic=has_periodic(model),
    )
