"""Means of maps in place of flattened maps before the dense layers.

Source: Lin, Chen and Yan, Network In Network, 2014.
"""

from __future__ import annotations

from collections.abc import Callable

import keras

from wellfit.models._graph import Call, Graph, read_graph
from wellfit.models._kinds import is_convolution, is_passing, is_pooling
from wellfit.models._rebuild import Edits, rebuild
from wellfit.records import UnsupportedModelError

_MEANS = {
    3: keras.layers.GlobalAveragePooling1D,
    4: keras.layers.GlobalAveragePooling2D,
    5: keras.layers.GlobalAveragePooling3D,
}


def flattenings(graph: Graph) -> dict[str, Call]:
    """Return each `Flatten` of maps of a convolution, channels last, that is called once."""
    return {call.name: call for call in graph.calls if _flattens_maps(graph, call)}


def with_pooling(model: keras.Model) -> keras.Model:
    """Return the network with the mean over the places of each map where it flattened them.

    The dense layer behind has one weight for each map then, not one for each place of each map.

    Raises:
        UnsupportedModelError: no maps of a convolution are flattened.
    """
    graph = read_graph(model)
    found = flattenings(graph)
    if not found:
        raise UnsupportedModelError(
            "there are no flattened maps to take the mean of",
            received="no Flatten behind a convolution",
            expected="convolutions, then keras.layers.Flatten()",
            fix="leave the network as it is",
        )
    return rebuild(model, Edits(replaced={name: _maker(graph, call) for name, call in found.items()}))


def _maker(graph: Graph, call: Call) -> Callable[[], keras.layers.Layer]:
    rank = len(graph.shape(call.inputs[0]))
    return lambda: _MEANS[rank](name=call.name)


def _flattens_maps(graph: Graph, call: Call) -> bool:
    if type(call.operation) is not keras.layers.Flatten or len(graph.calls_of(call.name)) != 1:
        return False
    before = graph.calls[call.inputs[0][0]]
    rank = len(graph.shape(call.inputs[0]))
    if rank not in _MEANS or call.operation.data_format != "channels_last":
        return False
    while not before.is_input and len(before.inputs) == 1:
        if is_convolution(before.operation):
            return True
        if not is_pooling(before.operation) and not is_passing(before.operation, rank):
            return False
        before = graph.calls[before.inputs[0][0]]
    return False
