"""Networks and masks that several tests of this folder use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from wellfit.models import Layout

layers = keras.layers


def plain_chain() -> keras.Model:
    """Return 6-8-8-5-1 with the elementwise and normalization layers that people put between."""
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu", name="first"),
            layers.Dropout(0.2, name="drop"),
            layers.Dense(8, name="second"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="relu"),
            layers.Dense(5, activation="tanh", name="third"),
            layers.Dense(1, activation="sigmoid", name="head"),
        ],
        name="plain",
    )


def residual(num_blocks: int = 2) -> keras.Model:
    """Return a pre-activation residual network with stem 8 and inner width 4."""
    inputs = keras.Input((6,), name="features")
    x = layers.Dense(8, name="stem")(inputs)
    for number in range(num_blocks):
        y = layers.BatchNormalization(name=f"norm{number}")(x)
        y = layers.Dense(4, activation="relu", name=f"inner{number}")(y)
        y = layers.Dropout(0.1, name=f"drop{number}")(y)
        y = layers.Dense(8, name=f"outer{number}")(y)
        x = layers.Add(name=f"add{number}")([x, y])
    return keras.Model(inputs, layers.Dense(3, activation="softmax", name="head")(x), name="residual")


def concatenated() -> keras.Model:
    """Return a network whose second hidden layer reads a hidden layer beside the inputs."""
    inputs = keras.Input((6,), name="features")
    x = layers.Dense(7, activation="relu", name="left")(inputs)
    z = layers.Dense(5, activation="gelu", name="right")(inputs)
    joined = layers.Concatenate(name="join")([x, inputs, z])
    joined = layers.BatchNormalization(name="norm")(joined)
    y = layers.Dense(4, activation="relu", name="after")(joined)
    return keras.Model(inputs, layers.Dense(1, name="head")(y), name="concatenated")


def shuffle_weights(model: keras.Model, seed: int = 0) -> list[np.ndarray]:
    """Give every weight (biases and statistics as well) a positive random value, and return them."""
    generator = np.random.default_rng(seed)
    values = [generator.uniform(0.2, 1.0, weight.shape).astype(np.float32) for weight in model.weights]
    signs = [generator.choice([-1.0, 1.0], value.shape) if value.ndim > 1 else 1.0 for value in values]
    values = [np.asarray(value * sign, np.float32) for value, sign in zip(values, signs, strict=True)]
    model.set_weights(values)
    return values


def mask_weights(layout: Layout, weights: Sequence[np.ndarray], units: Sequence[int]) -> list[np.ndarray]:
    """Return weights with the kernel rows that read units beyond `units` set to zero.

    The units themselves keep whatever value they have: nothing downstream sees them.
    """
    masked = []
    for variable, value in zip(layout.variables, weights, strict=True):
        changed = value.copy()
        if len(variable.axes) == 2 and variable.axes[0] is not None:
            start = 0
            for group, size in variable.axes[0]:
                kept = size if group is None else units[group]
                changed[start + kept : start + size] = 0
                start += size
        masked.append(changed)
    return masked


def rows(model: keras.Model, num_rows: int = 16, seed: int = 1) -> Any:
    """Return normal inputs for a network with one input."""
    shape = tuple(size or 1 for size in model.inputs[0].shape[1:])
    return np.random.default_rng(seed).normal(size=(num_rows, *shape)).astype(np.float32)


def outputs(model: keras.Model, inputs: Any, *, training: bool = False) -> np.ndarray:
    """Return what a network puts out, as NumPy."""
    return np.asarray(keras.ops.convert_to_numpy(model(inputs, training=training)))
