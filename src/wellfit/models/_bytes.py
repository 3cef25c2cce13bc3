"""A network and its training setup as plain data, to be taken up by another process and backend."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import keras

from wellfit.models._compile import LOSSES, TrainingSetup
from wellfit.records import ModelLoadError, UnsupportedModelError


def model_to_bytes(model: keras.Model) -> bytes:
    """Return a network as the contents of a `.keras` file.

    Raises:
        UnsupportedModelError: Keras cannot write it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        try:
            model.save(path)
        except Exception as error:
            # The network's own get_config runs here, and can raise anything.
            raise UnsupportedModelError(
                f"model '{model.name}' cannot be written as .keras.",
                received=f"{type(error).__name__}: {str(error).partition(chr(10))[0]}",
                expected="layers whose get_config() gives all arguments of their constructor",
            ) from error
        return path.read_bytes()


def model_from_bytes(data: bytes) -> keras.Model:
    """Return the network that `model_to_bytes` wrote, not compiled; only for data of one's own.

    Raises:
        ModelLoadError: a layer is not known in this process.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(data)
        try:
            loaded: Any = keras.saving.load_model(path, compile=False, safe_mode=False)
        except Exception as error:
            raise ModelLoadError(
                "the network cannot be loaded in another process.",
                received=f"{type(error).__name__}: {str(error).partition(chr(10))[0]}",
                expected="layers of Keras, or registered ones in a module that can be imported",
                fix="move custom layers into a module, under @keras.saving.register_keras_serializable()",
            ) from error
        return loaded


def custom_modules(model: keras.Model) -> tuple[str, ...]:
    """Return the modules that define layers of a network and do not belong to Keras, sorted.

    Example:
        >>> custom_modules(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]))
        ()
    """
    modules = {type(layer).__module__ for layer in model._flatten_layers()}
    return tuple(sorted(name for name in modules if name.partition(".")[0] != "keras"))


def setup_to_plain(setup: TrainingSetup) -> dict[str, Any]:
    """Return a setup as numbers and text."""
    fields = {field.name: getattr(setup, field.name) for field in dataclasses.fields(setup)}
    del fields["loss"]
    return fields | {
        "loss_config": dict(setup.loss_config),
        "optimizer_config": dict(setup.optimizer_config),
    }


def setup_from_plain(plain: dict[str, Any]) -> TrainingSetup:
    """Return the setup that `setup_to_plain` wrote."""
    options = {name: plain["loss_config"][name] for name in _OPTIONS if name in plain["loss_config"]}
    return TrainingSetup(loss=LOSSES[plain["loss_name"]](**options), **plain)


_OPTIONS = ("from_logits", "label_smoothing", "delta")


def backend_name() -> str:
    """Return the backend that Keras runs on: ``jax``, ``tensorflow``, ``torch``, ..."""
    return str(keras.config.backend())
