"""The same network for another number of input features."""

from __future__ import annotations

import keras

from wellfit.models._rebuild import copy_compile
from wellfit.records import UnsupportedModelError


def with_input_width(model: keras.Model, num_features: int) -> keras.Model:
    """Return the network for another number of features, with new untrained weights.

    Args:
        model: the network, built; the first of its inputs ``[row, feature]`` of floats is widened.
        num_features: columns of that input.

    Raises:
        UnsupportedModelError: there is no such input, or a layer takes no other number of columns.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> with_input_width(model, 5).input_shape
        (None, 5)
    """
    inputs = list(getattr(model, "inputs", None) or [])
    places = [i for i, one in enumerate(inputs) if len(one.shape) == 2 and "float" in str(one.dtype)]
    if not places:
        raise _refused(num_features, "no input of floats, [row, feature]")
    fresh = [keras.Input(tuple(one.shape[1:]), dtype=one.dtype, name=one.name) for one in inputs]
    fresh[places[0]] = keras.Input((num_features,), name=inputs[places[0]].name)
    try:
        # A Sequential model that was never called as a whole has no structure of inputs, and but one of them.
        is_stack = isinstance(model, keras.Sequential)
        given = fresh[0] if is_stack else keras.tree.pack_sequence_as(model.input, fresh)
        changed = keras.models.clone_model(model, input_tensors=given)
    except (ValueError, TypeError) as error:
        raise _refused(num_features, str(error).partition("\n")[0]) from error
    copy_compile(model, changed)
    return changed


def _refused(num_features: int, why: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"this network cannot take {num_features} features",
        received=why,
        expected="a built Sequential or functional model that a Dense layer begins",
        fix="leave the features as they are",
    )
