"""Which weights of a network were learned before, and which are as they were drawn."""

from __future__ import annotations

from typing import Any

import keras

from wellfit.models._chosen_layers import leaves
from wellfit.models._probe import value_of

# What begins as one number everywhere, and is moved by any training.
_CONSTANT_AT_FIRST = ("bias", "beta", "gamma", "moving_mean", "moving_variance")
_FIRST_VALUES = (0.0, 1.0)


def learned_weights(model: keras.Model) -> tuple[int, ...]:
    """Return the positions among ``model.weights`` of those that training has moved.

    Kernels do not tell whether they were learned, but biases, normalizations and their moments begin as zeros
    or ones. All layers up to the last one with such a weight that is neither count as learned: of a
    pretrained backbone with a new head that is the backbone. A network without any such weight counts as new.

    Args:
        model: a built network.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])
        >>> learned_weights(model)
        ()
        >>> model.layers[0].bias.assign([0.1, 0.2, 0.3, 0.4]) is None
        True
        >>> learned_weights(model)
        (0, 1)
    """
    found = [leaf for _, leaf in leaves(model) if leaf.weights]
    moved = [index for index, leaf in enumerate(found) if any(_is_moved(leaf, v) for v in leaf.weights)]
    if not moved:
        return ()
    chosen = {id(variable) for leaf in found[: moved[-1] + 1] for variable in leaf.weights}
    return tuple(i for i, variable in enumerate(model.weights) if id(variable) in chosen)


def _is_moved(layer: Any, variable: Any) -> bool:
    """Whether a weight is not what it begins as."""
    if variable.name not in _CONSTANT_AT_FIRST or isinstance(
        layer, keras.layers.RNN | keras.layers.Bidirectional
    ):
        return False
    value = value_of(variable).ravel()
    # A single number may be any; several that are equal were drawn so (the layer scale of ConvNeXt, at 1e-6).
    return bool((value != value[0]).any()) or (value.size == 1 and value[0] not in _FIRST_VALUES)
