"""Discriminative learning rates: smaller ones near the input, where a pretrained network knows most.

Source: Howard and Ruder, Universal Language Model Fine-tuning for Text Classification, 2018.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from wellfit.models._compiled_again import undecayed
from wellfit.models._kernels import rate_factors
from wellfit.models._kinds import is_kernel
from wellfit.models._probe import value_of
from wellfit.records import SettingsError, UnsupportedModelError


def layer_rates(model: keras.Model, factor: float) -> list[float]:
    """Return what the rate of each trainable variable of a network is multiplied by; see `rate_factors`."""
    variables = model.trainable_variables
    return rate_factors([v.path for v in variables], [is_kernel(v) for v in variables], factor)


def num_kernel_layers(model: keras.Model) -> int:
    """Return how many layers with a kernel learn, each of which can have a rate of its own.

    Example:
        >>> layers = keras.layers
        >>> num_kernel_layers(keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.Dense(1)]))
        2
    """
    return len({v.path.rpartition("/")[0] for v in model.trainable_variables if is_kernel(v)})


@contextmanager
def shorten_steps(model: keras.Model, factor: float) -> Iterator[None]:
    """Let weights go only their layer's part of the way that they go inside the block."""
    if factor == 1:
        yield
        return
    before: list[Any] = [value_of(variable) for variable in model.trainable_variables]
    yield
    for variable, old, rate in zip(
        model.trainable_variables, before, layer_rates(model, factor), strict=True
    ):
        if rate != 1:
            variable.assign(old + np.asarray(rate, old.dtype) * (value_of(variable) - old))


def learning_rates(model: keras.Model, factor: float, *, verbose: bool = True) -> dict[str, float]:
    """Give the layers of a compiled network learning rates that fall towards the input.

    The last layer with a kernel, the head, keeps the optimizer's rate; with each layer with a kernel before
    it the rate is multiplied by `factor` once more. Normalizations go with the layer before them. The network
    is compiled anew with Keras' own `MultiOptimizer`, one optimizer for each rate, whose moments begin at
    zero; a saved file needs nothing but Keras.

    Args:
        model: a compiled network, which is changed. Its optimizer has one rate and no schedule.
        factor: above 0 and below 1; Howard and Ruder take 1 / 2.6.
        verbose: whether to print the rates.

    Returns:
        Layer to its learning rate, from the input to the output.

    Raises:
        SettingsError: the factor is out of range, or the network has one layer with a kernel.
        UnsupportedModelError: the optimizer follows a schedule, layers cannot be told apart by name, or this
            Keras (before 3.15) has no `MultiOptimizer`.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, name="body"),
        ...                           keras.layers.Dense(1, name="head")])
        >>> model.compile(keras.optimizers.Adam(0.01), "mse")
        >>> learning_rates(model, 0.1, verbose=False)  # doctest: +SKIP
        {'body': 0.001, 'head': 0.01}

    Source:
        Howard and Ruder, Universal Language Model Fine-tuning for Text Classification, 2018.
    """
    own = _checked_optimizer(model, factor)
    names = [_layer_name(model, variable) for variable in model.trainable_variables]
    factors = dict(zip(names, layer_rates(model, factor), strict=True))
    if set(factors.values()) == {1.0}:
        raise SettingsError(
            "there is nothing to give another rate to",
            received="one trainable layer with a kernel",
            expected="at least one before the head",
        )
    rate = float(own.learning_rate)
    rates = {name: float(f"{rate * part:.6g}") for name, part in factors.items()}
    config: Any = keras.saving.deserialize_keras_object(model.get_compile_config())
    model.compile(**{**config, "optimizer": _optimizer(model, own, rates)})
    if verbose:
        shown = ", ".join(f"{name} {value:g}" for name, value in rates.items())
        print(f"learning rates of {model.name!r}: {shown}")
    return rates


def _optimizer(model: keras.Model, own: Any, rates: dict[str, float]) -> Any:
    """Return Keras' optimizer of optimizers, one for each rate; a path is told by its layer's name."""
    optimizers: Any = keras.optimizers
    made = {
        rate: type(own).from_config({**own.get_config(), "learning_rate": rate}) for rate in rates.values()
    }
    # Which weights are left out of the decay is not in the config.
    spared = undecayed(own, model.trainable_variables)
    for optimizer in made.values() if spared else ():
        optimizer.exclude_from_weight_decay(var_list=spared)
    patterns = {f"(.*/)?{re.escape(name)}/.*": made[rate] for name, rate in rates.items()}
    return optimizers.MultiOptimizer(optimizers.OptimizerMap(made[max(made)], patterns))


def _checked_optimizer(model: keras.Model, factor: float) -> Any:
    if not 0 < factor < 1:
        raise SettingsError(
            "factor is out of range", received=f"factor={factor!r}", expected="above 0 and below 1"
        )
    own: Any = model.optimizer if model.compiled else None
    if own is None:
        raise SettingsError(
            "the network has no optimizer whose rate could be divided",
            received="a network that is not compiled",
            expected="a compiled network",
            fix="compile it first",
        )
    if not hasattr(keras.optimizers, "MultiOptimizer"):
        raise UnsupportedModelError(
            "this Keras has no optimizer with several rates",
            received=f"Keras {keras.__version__}",
            expected="Keras 3.15 or later, which has MultiOptimizer",
            fix="update Keras, or freeze layers instead: wellfit.freeze(model)",
        )
    kind = type(own).__name__
    is_schedule = isinstance(own._learning_rate, keras.optimizers.schedules.LearningRateSchedule)
    if is_schedule or kind in ("MultiOptimizer", "LossScaleOptimizer"):
        raise UnsupportedModelError(
            "the optimizer has no single rate",
            received=kind + (f" with {type(own._learning_rate).__name__}" if is_schedule else ""),
            expected="an optimizer with a plain learning rate",
            fix="compile the network with keras.optimizers.Adam(1e-3), for example",
        )
    return own


def _layer_name(model: keras.Model, variable: Any) -> str:
    """Return the name of the layer, outside all wrappers, that holds a variable."""
    holders = [
        layer
        for layer in model._flatten_layers(include_self=False)
        if not isinstance(layer, keras.Model) and any(v is variable for v in layer.weights)
    ]
    name = holders[0].name
    twice = sum(layer.name == name for layer in model._flatten_layers(include_self=False)) > 1
    if twice or f"{name}/" not in variable.path:
        raise UnsupportedModelError(
            f"weight {variable.path!r} cannot be told by the name of its layer",
            received=f"layer {name!r}" + (", of which there are several" if twice else ""),
            expected="layers of different names",
            fix="name the layers",
        )
    return name
