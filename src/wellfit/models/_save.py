"""Writing a network as a plain `.keras` file, checked before it appears under its name."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from wellfit.models._graph import why_no_graph
from wellfit.models._penalties import penalty
from wellfit.models._probe import predictions, probe_inputs, weight_values
from wellfit.models._scan import read_config, suspicious_objects
from wellfit.records import OutputError, UnsupportedModelError


def save_plain(model: keras.Model, path: str | os.PathLike[str]) -> None:
    """Write a network as a `.keras` file that any Keras 3 backend loads without custom objects.

    The file is written beside its place, loaded again and compared (weights, predictions, weight
    penalties), and only then moved there.

    Args:
        model: a built Sequential or functional model.
        path: where to; ends in ``.keras``. A file there is replaced.

    Raises:
        OutputError: the place cannot be written.
        UnsupportedModelError: the network needs custom code, or is not the same after loading.
    """
    target = Path(path)
    if target.suffix != ".keras":
        raise OutputError(
            "a network is written as .keras", received=str(target), fix="end the name in .keras"
        )
    _refuse_subclassed(model)
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".saving-") as folder:
            draft = Path(folder) / target.name
            _save(model, draft)
            _check_draft(model, draft)
            os.replace(draft, target)
    except OSError as error:
        raise OutputError(
            f"cannot write {target}",
            received=f"{type(error).__name__}: {error}",
            expected="a folder that exists and can be written",
        ) from error


def summary_lines(model: keras.Model) -> tuple[str, ...]:
    """Return one line for each layer: name, kind, size of its output, parameters; and a total.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, "relu", name="hidden")])
        >>> summary_lines(model)
        ('hidden: Dense relu, 8 units, 32 parameters', 'total: 32 parameters')
    """
    lines = [_line(layer) for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    return (*lines, f"total: {_parameters(model.count_params())}")


def _save(model: keras.Model, draft: Path) -> None:
    """Save a network with an optimizer that has its variables: loading warns where it has none."""
    optimizer: Any = model.optimizer if model.compiled else None
    if optimizer is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)
    model.save(draft)


def _line(layer: keras.layers.Layer) -> str:
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    kind = type(layer).__name__ + (f" {activation}" if activation != "linear" else "")
    rate = getattr(layer, "rate", None)
    parts = [kind if rate is None else f"{kind} {rate:g}"]
    units = getattr(layer, "units", None)
    if units is not None:
        parts.append(f"{units:,} unit{'s' if units != 1 else ''}")
    if layer.built and layer.count_params():
        parts.append(_parameters(layer.count_params()))
    return f"{layer.name}: {', '.join(parts)}"


def _parameters(count: int) -> str:
    return f"{count:,} parameter{'s' if count != 1 else ''}"


def _refuse_subclassed(model: keras.Model) -> None:
    reason = why_no_graph(model)
    if reason:
        raise UnsupportedModelError(
            "this network cannot be written without custom code",
            received=reason,
            expected="a built Sequential or functional model",
        )


def _check_draft(model: keras.Model, draft: Path) -> None:
    custom = suspicious_objects(read_config(draft))
    if custom:
        raise UnsupportedModelError(
            "this network needs custom code to be loaded",
            received=", ".join(custom),
            expected="layers, losses and activations of Keras only",
        )
    loaded: Any = keras.saving.load_model(draft)
    inputs = probe_inputs(model)
    pairs = zip(weight_values(model), weight_values(loaded), strict=True)
    same_weights = all(np.array_equal(old, new, equal_nan=True) for old, new in pairs)
    old, new = predictions(model, inputs), predictions(loaded, inputs)
    same_predictions = np.allclose(old, new, rtol=1e-5, atol=1e-6, equal_nan=True)
    if not (
        same_weights and same_predictions and np.isclose(penalty(model), penalty(loaded), equal_nan=True)
    ):
        raise UnsupportedModelError(
            f"model {model.name!r} is not the same after saving and loading",
            received=f"largest difference of predictions {np.abs(old - new).max():g}",
            expected="equal weights, predictions and penalties",
            fix="keep all state of the network in weights",
        )
