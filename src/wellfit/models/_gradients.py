"""The gradient that each weight of a network gets from some rows, on any backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from wellfit.models._function import packed_inputs
from wellfit.models._probe import weight_values
from wellfit.models._rebuild import Config, Edits, rebuild


class ReplacedByGradient(keras.optimizers.Optimizer):
    """An optimizer after whose update each weight is its own gradient."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Put the gradient in the weight's place."""
        del learning_rate
        self.assign(variable, gradient)


def gradients(
    model: keras.Model,
    weights: Sequence[Sequence[np.ndarray]],
    inputs: Sequence[np.ndarray],
    target: np.ndarray,
    loss: keras.losses.Loss,
) -> list[dict[str, np.ndarray]]:
    """Return the gradients of the mean loss of some rows, without penalties, at several sets of weights.

    Use it to see which weights a loss reaches. Rows pass in training mode, as one batch.

    Args:
        model: a network that can be rebuilt; it stays as it is.
        weights: sets of weights, each in the order of ``model.weights``.
        inputs: rows, one array for each input.
        target: the rows' target, as `loss` takes it.
        loss: the loss.

    Returns:
        For each set, path of a trainable weight to its gradient.

    Raises:
        UnsupportedModelError: the network cannot be rebuilt.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, name="last")])
        >>> mse = keras.losses.MeanSquaredError()
        >>> rows, target = [np.ones((2, 1), "float32")], np.ones((2, 1), "float32")
        >>> found = gradients(model, [[np.ones((1, 1)), np.zeros(1)], [np.zeros((1, 1)), np.zeros(1)]],
        ...                   rows, target, mse)
        >>> [float(one["last/kernel"][0, 0]) for one in found]
        [0.0, -2.0]
    """
    copy = rebuild(model, Edits(change=_unpenalized))
    copy.compile(optimizer=ReplacedByGradient(learning_rate=1.0, name="replaced"), loss=loss)
    packed = packed_inputs(copy, [np.asarray(values) for values in inputs])
    found: list[dict[str, np.ndarray]] = []
    for values in weights:
        for variable, value in zip(copy.weights, values, strict=True):
            variable.assign(value)
        copy.train_on_batch(packed, target)
        after = weight_values(copy)
        trained = {id(variable) for variable in copy.trainable_variables}
        found.append(
            {
                variable.path: np.asarray(value)
                for variable, value in zip(copy.weights, after, strict=True)
                if id(variable) in trained
            }
        )
    return found


def _unpenalized(_: Any, config: Config) -> Config:
    return {name: None if name.endswith("_regularizer") else value for name, value in config.items()}
