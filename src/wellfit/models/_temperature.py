"""A classifier with its logits divided by a temperature, still a plain Keras network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from wellfit.models._ending import ending
from wellfit.models._graph import read_graph
from wellfit.models._rebuild import Edits, copy_weights, rebuild
from wellfit.models._repair import fresh_optimizer
from wellfit.records import SettingsError, UnsupportedModelError

_QUIET = (keras.layers.Identity, keras.layers.Dropout, keras.layers.ActivityRegularization)
"""Layers that change nothing in inference."""


def with_temperature(model: keras.Model, temperature: float) -> keras.Model:
    """Return the network with its logits divided by a temperature, compiled as it was.

    Kernel and bias of the last `Dense` are divided: ``(W x + b) / T = (W / T) x + b / T``, so that no layer
    is added. Which class is most probable does not change.

    Args:
        model: a classifier that ends in a `Dense` of logits, or with a sigmoid or softmax.
        temperature: above 0; more than 1 makes it less sure.

    Returns:
        A new network; `model` stays as it is.

    Raises:
        SettingsError: the temperature is not above 0.
        UnsupportedModelError: the network ends otherwise.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
        >>> model.layers[-1].set_weights([np.full((3, 1), 4.0), np.zeros(1)])
        >>> with_temperature(model, 2.0).layers[-1].get_weights()[0].ravel().tolist()
        [2.0, 2.0, 2.0]

    Source:
        Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks, 2017.
    """
    if not (np.isfinite(temperature) and temperature > 0):
        raise SettingsError(
            "this is no temperature", received=f"{temperature}", expected="a finite number above 0"
        )
    last = _last_dense(model)
    copy = rebuild(model, Edits())
    copy_weights(model, copy)
    _divide(copy.get_layer(last.name), temperature)
    if model.compiled:
        loss: Any = model.loss
        copy.compile(optimizer=fresh_optimizer(model), loss=loss)
        # Built now, so that a saved file holds as many optimizer variables as the loaded network expects.
        copy.optimizer.build(copy.trainable_variables)
    return copy


def cool(model: keras.Model, temperature: float) -> None:
    """Divide the logits of a network that nobody else holds; see `with_temperature`."""
    _divide(_last_dense(model), temperature)


def can_temper(model: keras.Model) -> bool:
    """Return whether `with_temperature` can divide the logits of a network.

    Example:
        >>> can_temper(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="relu")]))
        False
    """
    try:
        _last_dense(model)
    except UnsupportedModelError:
        return False
    return True


def _divide(layer: Any, temperature: float) -> None:
    layer.set_weights([values / temperature for values in layer.get_weights()])


def _last_dense(model: keras.Model) -> Any:
    """Return the `Dense` that puts out the logits and nothing else."""
    last, tail = ending(model)
    names = [_activation(last), *(_activation(layer) for layer in tail.values())]
    is_shared = len(read_graph(model).calls_of(last.name)) > 1
    if is_shared or [name for name in names if name != "linear"] not in ([], ["sigmoid"], ["softmax"]):
        raise UnsupportedModelError(
            "the logits of this network cannot be divided",
            received=f"layer {last.name!r} used more than once" if is_shared else f"it ends in {names}",
            expected="a Dense layer of logits, with a sigmoid or softmax or nothing behind it",
            fix="end the network with keras.layers.Dense(units), and a sigmoid or softmax if wanted",
        )
    return last


def _activation(layer: Any) -> str:
    """Return the name of what a layer does to its outputs, "linear" for nothing."""
    if isinstance(layer, keras.layers.Dense | keras.layers.Activation):
        return str(getattr(layer.activation, "__name__", "unknown"))
    return "linear" if isinstance(layer, _QUIET) else type(layer).__name__
