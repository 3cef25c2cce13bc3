"""Compile settings of `.h5` files that Keras 3 does not read: losses and optimizers as Keras 2 wrote them."""

from __future__ import annotations

import inspect
from typing import Any

import keras

OLD_PREFIX = "Custom>"
"""What late versions of Keras 2 put before the names of their own optimizers."""


def is_old_optimizer(part: dict[str, Any]) -> bool:
    """Whether it is the config of one of Keras' own optimizers under its late Keras 2 name.

    Example:
        >>> is_old_optimizer({"class_name": "Custom>Adam", "config": {}})
        True
    """
    name = str(part.get("class_name", ""))
    known = getattr(keras.optimizers, name.removeprefix(OLD_PREFIX), None)
    is_bare = part.get("module") is None and part.get("registered_name") is None
    return name.startswith(OLD_PREFIX) and isinstance(known, type) and is_bare


def compile_from_old(model: keras.Model, training: dict[str, Any]) -> None:
    """Compile a network by the training config of an `.h5` file: its loss and optimizer, without metrics.

    Args:
        model: a network of one loss.
        training: the file's ``training_config``.

    Raises:
        ValueError: there is no single loss of Keras, or no optimizer of Keras.
    """
    optimizer = _optimizer(training.get("optimizer_config") or {})
    model.compile(optimizer=optimizer, loss=_loss(training.get("loss")))


def _loss(config: Any) -> Any:
    if isinstance(config, dict) and isinstance(config.get("config"), str):
        config = config["config"]  # a function by its name, such as mse
    if isinstance(config, dict) and isinstance(config.get("config"), dict):
        kind = getattr(keras.losses, str(config.get("class_name")), None)
        if isinstance(kind, type):
            arguments = _accepted(kind, config["config"])
            if arguments.get("reduction") == "auto":
                del arguments["reduction"]  # Keras 2's name for what is the default
            return kind(**arguments)
    if not isinstance(config, str):
        raise ValueError(f"no single loss: {config!r}")
    return keras.losses.get(config)


def _optimizer(config: dict[str, Any]) -> Any:
    kind = getattr(keras.optimizers, str(config.get("class_name")).removeprefix(OLD_PREFIX), None)
    if not (isinstance(kind, type) and issubclass(kind, keras.optimizers.Optimizer)):
        raise ValueError(f"no optimizer of Keras: {config.get('class_name')!r}")
    arguments = _accepted(kind, config["config"])
    rate = arguments.get("learning_rate")
    if isinstance(rate, dict):
        arguments["learning_rate"] = keras.optimizers.schedules.deserialize(rate)
    return kind(**arguments)


def _accepted(kind: type, config: dict[str, Any]) -> dict[str, Any]:
    """Return what a class of Keras 3 still takes of a config."""
    known = inspect.signature(kind.__init__).parameters
    values = {"learning_rate": config["lr"], **config} if "lr" in config else config
    is_optimizer = issubclass(kind, keras.optimizers.Optimizer)
    return {
        name: value
        for name, value in values.items()
        # Left to its default, an average of weights is off; Keras 2 wrote its window as a number or nothing.
        if name in known and not (is_optimizer and value is None)
    }
