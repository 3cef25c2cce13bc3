"""Weights and outputs of networks as NumPy arrays, and made-up inputs to compare networks by."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

_UNKNOWN_SIZE = 4


def weight_values(network: Any) -> list[NDArray[np.generic]]:
    """Return the weights of a network or layer as arrays, in the order of its ``weights``.

    Example:
        >>> [value.shape for value in weight_values(keras.layers.Normalization())]
        []
    """
    return [value_of(variable) for variable in network.weights]


def value_of(variable: Any) -> NDArray[np.generic]:
    """Return one variable as an array."""
    # Keras' own Variable.numpy() warns with NumPy 2 on JAX; its tensor does not.
    return np.asarray(keras.ops.convert_to_numpy(variable.value))


def probe_inputs(model: keras.Model, num_rows: int = 8) -> list[NDArray[np.generic]]:
    """Return one array for each input of a built network: normal numbers, or zeros for integers.

    Integers are zeros because that is the one code that every embedding has.
    """
    generator = np.random.default_rng(0)
    arrays: list[NDArray[np.generic]] = []
    for tensor in model.inputs:
        shape = (num_rows, *(size or _UNKNOWN_SIZE for size in tensor.shape[1:]))
        kind = keras.backend.standardize_dtype(tensor.dtype)
        values = generator.normal(size=shape) if "float" in kind else np.zeros(shape)
        arrays.append(values.astype("float32" if kind == "bfloat16" else kind))
    return arrays


def predictions(model: keras.Model, inputs: list[NDArray[np.generic]]) -> NDArray[np.float64]:
    """Return the network's outputs in inference mode, all outputs side by side."""
    outputs = model(_arranged(model, inputs), training=False)
    parts = [np.asarray(keras.ops.convert_to_numpy(part), np.float64) for part in keras.tree.flatten(outputs)]
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def _arranged(model: keras.Model, inputs: list[NDArray[np.generic]]) -> Any:
    if isinstance(model, keras.Sequential) or (len(inputs) == 1 and not isinstance(model.input, list | dict)):
        return inputs[0]
    return keras.tree.pack_sequence_as(model.input, inputs)
