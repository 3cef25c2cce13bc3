"""How a network is trained as code: optimizer, loss, and the metric that is the loss without penalties."""

from __future__ import annotations

from typing import Any

import keras

from wellfit.models._code._values import arguments, call_code
from wellfit.models._compile import LOSSES, TrainingSetup
from wellfit.models._ending import ending
from wellfit.models._kernels import reached
from wellfit.models._kinds import is_kernel
from wellfit.records import UnsupportedModelError

_METRICS = {
    "binary_crossentropy": "BinaryCrossentropy",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
}
_SMOOTHED = ("binary_crossentropy", "categorical_crossentropy")


def optimizer_code(setup: TrainingSetup, learning_rate: str, **changed: Any) -> str:
    """Return code that makes the optimizer of a setup.

    Args:
        setup: of the network.
        learning_rate: code of its learning rate.
        **changed: arguments that are other than in the setup.

    Raises:
        UnsupportedModelError: the optimizer is not one of Keras.
    """
    kind = getattr(keras.optimizers, setup.optimizer, None)
    if kind is None:
        raise UnsupportedModelError(
            f"optimizer {setup.optimizer} is code of its own",
            received=setup.optimizer,
            expected="an optimizer of keras.optimizers",
        )
    config = {**setup.optimizer_config, **changed}
    config.pop("learning_rate", None)
    config.pop("name", None)
    return call_code(f"keras.optimizers.{setup.optimizer}", [learning_rate, *arguments(kind, config)])


def loss_code(setup: TrainingSetup, *, label_smoothing: float, one_hot: bool) -> str:
    """Return code that makes the loss.

    Args:
        setup: of the network.
        label_smoothing: share that is spread over the classes.
        one_hot: whether targets of several classes come as one column for each.

    Raises:
        UnsupportedModelError: the loss is not one of Keras.
    """
    name, config = setup.loss_name, dict[str, Any](setup.loss_config)
    if name == "sparse_categorical_crossentropy" and one_hot:
        name, config = "categorical_crossentropy", dict[str, Any](from_logits=setup.from_logits)
    kind = LOSSES.get(name) or type(setup.loss)
    if getattr(keras.losses, kind.__name__, None) is not kind:
        raise UnsupportedModelError(
            f"loss {setup.loss.name!r} is code of its own",
            received=setup.loss.name,
            expected="a loss of keras.losses",
        )
    if name in _SMOOTHED:
        config["label_smoothing"] = label_smoothing
    return call_code(f"keras.losses.{kind.__name__}", arguments(kind, config))


def metric_code(setup: TrainingSetup, *, one_hot: bool) -> str:
    """Return code of a metric ``data_loss``: the loss without penalties and smoothing."""
    name = setup.loss_name
    if name == "sparse_categorical_crossentropy" and one_hot:
        name = "categorical_crossentropy"
    if name not in _METRICS:
        own = loss_code(setup, label_smoothing=0.0, one_hot=one_hot)
        return f'keras.metrics.MeanMetricWrapper({own}, name="data_loss")'
    logits = ["from_logits=True"] if setup.from_logits else []
    if name == "binary_crossentropy":
        # The metric of that name wants targets as a column; a loss takes them as they come.
        each = call_code("keras.losses.BinaryCrossentropy", [*logits, 'reduction="none"'])
        return f'keras.metrics.MeanMetricWrapper({each}, name="data_loss")'
    return call_code(f"keras.metrics.{_METRICS[name]}", ['name="data_loss"', *logits])


def logits_name(model: keras.Model) -> str:
    """Return the name of the layer that puts out the logits."""
    return ending(model)[0].name


def decayed_paths(model: keras.Model, where: str) -> tuple[list[str], bool]:
    """Return the paths of the kernels that decay, and whether these are all variables of two axes or more."""
    variables = model.trainable_variables
    on = reached([v.path for v in variables], [is_kernel(v) for v in variables], where)
    paths = [v.path for v, is_on in zip(variables, on, strict=True) if is_on]
    return paths, paths == [v.path for v in variables if len(v.shape) >= 2]
