"""Hidden normalizations: taken out, put in, or of the other kind.

Source: Ioffe and Szegedy, Batch Normalization, 2015; Ba, Kiros and Hinton, Layer Normalization, 2016.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import keras

from wellfit.models._graph import Graph, read_graph
from wellfit.models._kinds import is_dense
from wellfit.models._rebuild import Config, Edits, rebuild
from wellfit.models._structures._places import (
    hidden_nonlinearities,
    hidden_normalizations,
    normalization_kind,
)
from wellfit.records import UnsupportedModelError

# Keras' 0.99 needs some 500 updates before inference follows training; a small table has few.
_MOMENTUM = 0.9


def with_normalization(model: keras.Model, kind: Literal["none", "batch", "layer"]) -> keras.Model:
    """Return the network with other normalizations between hidden layers.

    ``none`` takes them out, and gives a `Dense` in front that has no bias for their sake one of its own.
    ``batch`` and ``layer`` change the kind of what is there; where there is none, one is put after every
    hidden nonlinearity.

    Raises:
        UnsupportedModelError: the network is so already, or has no place for one.
    """
    graph = read_graph(model)
    own = hidden_normalizations(graph)
    if kind == "none":
        return _without(model, graph)
    others = {name: call for name, call in own.items() if normalization_kind(call.operation) != kind}
    if others:
        return rebuild(model, Edits(replaced={name: _maker(kind, name) for name in others}))
    places = {} if own else hidden_nonlinearities(graph)
    if not places:
        raise UnsupportedModelError(
            f"there is nowhere to put {kind} normalization",
            received=f"normalized so already: {', '.join(own)}" if own else "no hidden nonlinearity",
            expected="a hidden layer with an activation, not normalized yet",
            fix="leave it as it is" if own else "add keras.layers.Dense(64, activation='relu')",
        )
    return rebuild(model, Edits(inserted={name: _inserter(kind, name) for name in places}))


def _without(model: keras.Model, graph: Graph) -> keras.Model:
    own = hidden_normalizations(graph)
    if not own:
        raise UnsupportedModelError(
            "there is no normalization to take out",
            received="no batch or layer normalization between hidden layers",
            expected="at least one",
            fix="leave the network as it is",
        )
    sources = [graph.calls[call.inputs[0][0]].operation for call in own.values()]
    unbiased = {layer.name for layer in sources if is_dense(layer) and not layer.use_bias}

    def change(layer: Any, config: Config) -> Config:
        return {**config, "use_bias": True} if layer.name in unbiased else config

    return rebuild(model, Edits(change=change, passed=dict.fromkeys(own, 0)))


def _maker(kind: str, name: str) -> Callable[[], keras.layers.Layer]:
    return lambda: _layer(kind, name)


def _inserter(kind: str, name: str) -> Callable[[str], keras.layers.Layer]:
    return lambda suffix: _layer(kind, f"{name}{suffix}_normalized")


def _layer(kind: str, name: str) -> keras.layers.Layer:
    if kind == "batch":
        return keras.layers.BatchNormalization(momentum=_MOMENTUM, name=name)
    return keras.layers.LayerNormalization(name=name)
