"""Whether the weights of a network look trained, and its head new: the mark of a network for another task."""

from __future__ import annotations

from typing import Literal

import keras
import numpy as np

from wellfit.models._function import NetworkFunction, network_function
from wellfit.models._kernels import reached

WeightState = Literal["drawn", "pretrained", "trained"]


def weight_state(model: keras.Model) -> WeightState:
    """Return what the weights of a network look like.

    Biases, scales, offsets and moving statistics start from constants. Layers where they are still there are
    as they were drawn; where they are not, the layer was trained. A layer without any, and a frozen one, says
    nothing.

    Args:
        model: a built network.

    Returns:
        ``drawn``: nothing was trained that would start anew. ``pretrained``: layers were, but the head (the
        last layer with a kernel) was not. ``trained``: the head was too, or says nothing.

    Raises:
        UnsupportedModelError: the network cannot be read.

    Example:
        >>> layers = keras.layers
        >>> model = keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.Dense(1)])
        >>> weight_state(model)
        'drawn'
        >>> model.layers[0].bias.assign([1.0, 2.0, 3.0, 4.0])
        >>> weight_state(model)
        'pretrained'
    """
    network = network_function(model, any_training=True)
    moved = _moved(network)
    if not any(moved.values()):
        return "drawn"
    infos = network.trainable
    last = reached([i.path for i in infos], [i.is_kernel for i in infos], "last")
    head = {_layer_of(info.path) for info, is_last in zip(infos, last, strict=True) if is_last}
    is_new = bool(head) and all(moved.get(layer) is False for layer in head)
    return "pretrained" if is_new else "trained"


def _moved(network: NetworkFunction) -> dict[str, bool]:
    """Return for each layer that holds constants at the start whether one of them is another now."""
    found: dict[str, bool] = {}
    for info, value in zip(network.variables, network.values, strict=True):
        if info.is_drawn or info.is_seed or info.initializer is None:
            continue
        layer = _layer_of(info.path)
        is_other = not np.array_equal(info.start(0), np.asarray(value), equal_nan=True)
        found[layer] = found.get(layer, False) or is_other
    return found


def _layer_of(path: str) -> str:
    return path.rpartition("/")[0]
