"""How a network is to be trained: its own compile settings, or documented defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from wellfit.models._graph import read_graph, why_no_graph
from wellfit.models._kinds import is_passing
from wellfit.models._optimizer import reference_rate
from wellfit.models._outputs import num_outputs
from wellfit.records import ModelMismatchError, Task, UnsupportedModelError

DEFAULT_LEARNING_RATE = 1e-3
"""Learning rate of Adam for a network without compile settings."""

LOSSES: Mapping[str, type[Any]] = {
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
    "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
    "mean_squared_error": keras.losses.MeanSquaredError,
    "mean_absolute_error": keras.losses.MeanAbsoluteError,
    "huber": keras.losses.Huber,
}
"""The losses that a population can express, by name."""

_CROSSENTROPIES = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")

_OPTIMIZERS = (
    keras.optimizers.SGD,
    keras.optimizers.RMSprop,
    keras.optimizers.Adam,
    keras.optimizers.AdamW,
)


class FunctionLoss(keras.losses.Loss):
    """A loss function ``(target, output) -> loss of each row`` as a loss object.

    Args:
        function: the function.
    """

    def __init__(self, function: Any) -> None:
        super().__init__(name=getattr(function, "__name__", "loss"))
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each row."""
        return self.function(y_true, y_pred)


@dataclass(frozen=True, kw_only=True)
class TrainingSetup:
    """How a network is trained, apart from rows and epochs.

    Attributes:
        loss_name: ``binary_crossentropy``, ``categorical_crossentropy``,
            ``sparse_categorical_crossentropy``, ``mean_squared_error``, ``mean_absolute_error`` or ``huber``;
            ``other`` for a loss that only ``fit`` can train.
        loss: the Keras loss object, with its own options (`label_smoothing`, `delta`).
        from_logits: whether the loss takes the network's outputs as logits; False for regression.
        loss_config: the loss object's arguments; ``type(loss).from_config`` makes it again.
        optimizer: ``SGD``, ``RMSprop``, ``Adam`` or ``AdamW``.
        optimizer_config: its config as Keras gives it (momentum, betas, clipping, ...).
        learning_rate: its learning rate; of a schedule, the first value, or the peak after a warm-up.
        notes: what was assumed.
    """

    loss_name: str
    loss: keras.losses.Loss
    from_logits: bool
    loss_config: Mapping[str, Any]
    optimizer: str
    optimizer_config: Mapping[str, Any]
    learning_rate: float
    notes: tuple[str, ...] = ()


def training_setup(model: keras.Model, task: Task, *, any_training: bool = False) -> TrainingSetup:
    """Return how to train `model`: as it was compiled, else with defaults that the notes name.

    Defaults: Adam with learning rate 1e-3; binary cross-entropy for one output unit, sparse categorical
    cross-entropy for several, both from logits unless the last activation is a sigmoid or a softmax; mean
    squared error for regression.

    Args:
        model: a built network with one output.
        task: what it is trained for.
        any_training: accept what `keras.Model.fit` alone can train: an own ``train_step`` or
            ``compute_loss``, other losses and other optimizers.

    Raises:
        UnsupportedModelError: a loss or optimizer that the population cannot express, or a network with its
            own ``train_step`` or ``compute_loss``; the message names it.
        ModelMismatchError: a loss that does not fit the task.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
        >>> setup = training_setup(model, Task.BINARY)
        >>> setup.loss_name, setup.from_logits, setup.optimizer
        ('binary_crossentropy', False, 'Adam')
    """
    if not any_training:
        _refuse_overrides(model)
    notes: list[str] = []
    loss = compiled_loss(model, any_training=any_training)
    if loss is None:
        loss = _default_loss(model, task)
        notes.append(f"no loss was compiled: {loss.name} is used")
    if type(loss) in LOSSES.values():
        _check_loss(loss, model, task)
    optimizer = model.optimizer if model.compiled else None
    if optimizer is None:
        optimizer = keras.optimizers.Adam(DEFAULT_LEARNING_RATE)
        notes.append(f"no optimizer was compiled: Adam with learning rate {DEFAULT_LEARNING_RATE:g} is used")
    learning_rate, schedule_note = _learning_rate(optimizer)
    config = loss_arguments(loss)
    return TrainingSetup(
        loss_name=loss_name(loss),
        loss=loss,
        from_logits=bool(config.get("from_logits", False)),
        loss_config=config,
        optimizer=type(optimizer).__name__ if any_training else _optimizer_name(optimizer),
        optimizer_config=optimizer.get_config(),
        learning_rate=learning_rate,
        notes=(*notes, *schedule_note),
    )


def output_activation(model: keras.Model) -> str:
    """Return the name of the last activation, such as ``softmax`` or ``linear``, or ``unknown``.

    Example:
        >>> output_activation(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]))
        'linear'
    """
    if why_no_graph(model):
        return "unknown"
    graph = read_graph(model)
    call = graph.calls[graph.outputs[0][0]]
    while True:
        operation = call.operation
        activation = getattr(operation, "activation", None)
        if isinstance(operation, keras.layers.Softmax):
            return "softmax"
        if isinstance(operation, keras.layers.Layer) and callable(activation):
            name = getattr(activation, "__name__", type(activation).__name__)
            if name != "linear" or not isinstance(operation, keras.layers.Activation):
                return name
        elif not is_passing(operation, len(call.shapes[0])):
            return _operation_activation(operation)
        call = graph.calls[call.inputs[0][0]]


def _operation_activation(operation: Any) -> str:
    return {"Sigmoid": "sigmoid", "Softmax": "softmax"}.get(type(operation).__name__, "unknown")


def _refuse_overrides(model: keras.Model) -> None:
    for name in ("train_step", "compute_loss"):
        owner = next((base for base in type(model).__mro__ if name in vars(base)), None)
        # Backends that cannot train have no such method at all.
        own = name in vars(model) or (owner is not None and not owner.__module__.startswith("keras."))
        if own:
            raise UnsupportedModelError(
                f"{type(model).__name__} has its own {name}()",
                received=f"model {model.name!r}",
                expected="a network trained by Keras' own fit()",
                fix=f"remove {name}() and compile with a loss that Keras has",
            )


def compiled_loss(model: keras.Model, *, any_training: bool) -> keras.losses.Loss | None:
    """Return the compiled loss as an object; None where there is none."""
    loss: Any = getattr(model, "loss", None) if model.compiled else None
    if isinstance(loss, dict):
        loss = list(loss.values())
    if isinstance(loss, list | tuple):
        if len(loss) != 1:
            raise UnsupportedModelError(
                "a network with several losses cannot be trained here",
                received=f"{len(loss)} losses",
                expected="one output and one loss",
            )
        loss = loss[0]
    if loss is None:
        return None
    return _as_object(loss, any_training=any_training)


def _as_object(loss: Any, *, any_training: bool) -> keras.losses.Loss:
    """Return the loss object for a string, a function or an object."""
    found: Any = keras.losses.get(loss) if isinstance(loss, str) else loss
    for name, kind in LOSSES.items():
        if type(found) is kind:
            return found if any_training else _check_options(found)
        if found is getattr(keras.losses, name):
            return kind()
    if any_training:
        return found if isinstance(found, keras.losses.Loss) else FunctionLoss(found)
    label = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    raise UnsupportedModelError(
        f"loss {label!r} is not supported",
        received=label,
        expected=f"one of {', '.join(LOSSES)}",
        fix="compile the network with one of them",
    )


def _check_options(loss: Any) -> keras.losses.Loss:
    """Refuse options that change the meaning of a mean over rows."""
    config = loss.get_config()
    allowed = {"reduction": ("sum_over_batch_size", "mean"), "axis": (-1,), "ignore_class": (None,)}
    for option, values in allowed.items():
        if config.get(option, values[0]) not in values:
            raise UnsupportedModelError(
                f"{option}={config[option]!r} of loss {loss.name!r} is not supported",
                received=f"{option}={config[option]!r}",
                expected=f"{values[0]!r}, Keras' default",
                fix=f"leave out {option}=",
            )
    return loss


def loss_arguments(loss: Any) -> dict[str, Any]:
    """Return all arguments of a loss; Keras' own config of `Huber` leaves `delta` out."""
    config = loss.get_config()
    if isinstance(loss, keras.losses.Huber):
        config = {**config, "delta": float(loss._fn_kwargs["delta"])}
    return config


def loss_name(loss: keras.losses.Loss) -> str:
    return next((name for name, kind in LOSSES.items() if type(loss) is kind), "other")


def _default_loss(model: keras.Model, task: Task) -> keras.losses.Loss:
    if task is Task.REGRESSION:
        return keras.losses.MeanSquaredError()
    from_logits = output_activation(model) not in ("sigmoid", "softmax")
    if num_outputs(model) == 1:
        return keras.losses.BinaryCrossentropy(from_logits=from_logits)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)


def _check_loss(loss: keras.losses.Loss, model: keras.Model, task: Task) -> None:
    """Refuse a loss that has no meaning for the task."""
    name, units = loss_name(loss), num_outputs(model)
    if task is Task.REGRESSION:
        fits, fix = name not in _CROSSENTROPIES, "compile with loss='mse'"
    elif units == 1:
        fits, fix = name not in _CROSSENTROPIES[1:], "compile with loss='binary_crossentropy'"
    else:
        fits, fix = name in _CROSSENTROPIES[1:], "compile with loss='sparse_categorical_crossentropy'"
    if not fits:
        raise ModelMismatchError(
            f"loss {name} does not fit the task",
            received=f"{name} with {units} output units for a {task} target",
            expected="a loss for that target",
            fix=fix,
        )


def _optimizer_name(optimizer: Any) -> str:
    own = type(optimizer)
    for kind in _OPTIMIZERS:
        # On PyTorch Keras makes a subclass of the same name that computes the same faster.
        is_variant = own.__name__ == kind.__name__ and own.__module__.startswith("keras.src.backend.")
        if own is kind or (is_variant and issubclass(own, kind)):
            return kind.__name__
    raise UnsupportedModelError(
        f"optimizer {type(optimizer).__name__} is not supported",
        received=type(optimizer).__name__,
        expected=f"one of {', '.join(kind.__name__ for kind in _OPTIMIZERS)}",
        fix="compile the network with one of them",
    )


def _learning_rate(optimizer: Any) -> tuple[float, tuple[str, ...]]:
    own = optimizer._learning_rate
    rate = reference_rate(own)
    if isinstance(own, keras.optimizers.schedules.LearningRateSchedule):
        note = f"the optimizer's {type(own).__name__} is kept; learning rates are relative to {rate:g}"
        return rate, (note,)
    return rate, ()
