"""Another nonlinearity in hidden layers.

Source: Klambauer et al., Self-Normalizing Neural Networks, 2017 (SELU and its initializer); Ramachandran,
Zoph and Le, Searching for Activation Functions, 2017 (SiLU).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from wellfit.models._graph import read_graph
from wellfit.models._rebuild import Config, Edits, rebuild
from wellfit.models._structures._places import hidden_nonlinearities, maker_of, nonlinearity
from wellfit.records import UnsupportedModelError

# SELU keeps mean and variance from layer to layer only where kernels start with a variance of one over the
# number of their inputs. All other nonlinearities keep the network's own initializers.
_INITIALIZERS = {"selu": "lecun_normal"}


def with_activation(model: keras.Model, activation: str) -> keras.Model:
    """Return the network with another nonlinearity in its hidden layers, never at its output.

    Changed are `activation` arguments, `Activation` layers, layers such as `ReLU` and `PReLU`, and operations
    such as ``keras.ops.relu``. Kernels in front of ``selu`` start by LeCun's rule, as SELU requires.

    Args:
        model: the network.
        activation: its name in `keras.activations`.

    Raises:
        UnsupportedModelError: there is no hidden nonlinearity, or it is this one already.
    """
    graph = read_graph(model)
    found = hidden_nonlinearities(graph)
    others = {name: call for name, call in found.items() if nonlinearity(call.operation) != activation}
    if not others:
        raise UnsupportedModelError(
            f"there is no hidden activation to change to {activation}",
            received=f"hidden activations: {activation}" if found else "no hidden nonlinearity",
            expected="hidden layers with another activation",
            fix="choose another one",
        )
    arguments = {name for name, call in others.items() if hasattr(call.operation, "activation")}
    initializer = _INITIALIZERS.get(activation)
    makers = {maker_of(graph, call).name for call in others.values()} if initializer else set[str]()

    def change(layer: Any, config: Config) -> Config:
        if layer.name in arguments:
            config = {**config, "activation": activation}
        if layer.name in makers and "kernel_initializer" in config:
            config = {**config, "kernel_initializer": initializer}
        return config

    replaced = {name: _maker(activation, name) for name in others if name not in arguments}
    return rebuild(model, Edits(change=change, replaced=replaced))


def _maker(activation: str, name: str) -> Callable[[], keras.layers.Layer]:
    return lambda: keras.layers.Activation(activation, name=name)
