"""Weight penalties that truly take effect: regularizers put in by rebuilding, then checked."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from wellfit.models._kernels import OrthogonalL1L2, orthogonality
from wellfit.models._kinds import is_kernel
from wellfit.models._probe import predictions, probe_inputs, value_of
from wellfit.models._rebuild import Config, Edits, copy_compile, copy_weights, rebuild
from wellfit.records import SettingsError, UnsupportedModelError

_KERNEL_KEYS = frozenset(
    {
        "kernel_regularizer",
        "recurrent_regularizer",
        "depthwise_regularizer",
        "pointwise_regularizer",
        "embeddings_regularizer",
    }
)

_KNOWN = ("L1", "L2", "L1L2")


def with_penalties(
    model: keras.Model, *, l1: float = 0.0, l2: float = 0.0, scale: float = 1.0
) -> keras.Model:
    """Return the network with other weight penalties, its weights kept.

    Keras reads a layer's regularizer only when the weight is made, so the network is rebuilt from its
    config, also inside wrappers and nested models. The penalty on a weight w becomes

        scale * (own_l1 * sum|w| + own_l2 * sum w^2) + [w is a kernel] * (l1 * sum|w| + l2 * sum w^2).

    Activity penalties, and regularizers other than L1 and L2, stay as they are.

    Args:
        model: a built Sequential or functional model.
        l1: strength added on every kernel (embeddings included; biases and normalization are not).
        l2: likewise, times the sum of squares.
        scale: factor on the strengths that the network itself declares; 0 removes them.

    Returns:
        A plain Keras network with the same predictions, compiled as `model` was.

    Raises:
        SettingsError: a strength is negative or not finite.
        UnsupportedModelError: a kernel whose layer takes no regularizer, or has one of another kind.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8), keras.layers.Dense(1)])
        >>> len(model.losses), len(with_penalties(model, l2=1e-4).losses)
        (0, 2)
    """
    for name, value in (("l1", l1), ("l2", l2), ("scale", scale)):
        if not 0 <= value < float("inf"):
            raise SettingsError(f"{name} is out of range", received=f"{name}={value}", expected="at least 0")

    def change(layer: Any, config: Config) -> Config:
        return _with_strengths(config, l1, l2, scale, layer.name)

    changed = rebuild(model, Edits(change=change))
    copy_weights(model, changed)
    _check(model, changed, l1, l2, scale)
    copy_compile(model, changed)
    return changed


def penalty(model: keras.Model) -> float:
    """Return the sum of the L1, L2 and members' orthogonality penalties in effect on the weights.

    Example:
        >>> penalty(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]))
        0.0
    """
    total = 0.0
    for variable in model.trainable_variables:
        l1, l2 = strengths(variable)
        value = value_of(variable).astype(np.float64)
        total += l1 * float(np.abs(value).sum()) + l2 * float(np.square(value).sum())
        if isinstance(variable.regularizer, OrthogonalL1L2):
            found: Any = keras.ops.convert_to_numpy(orthogonality(variable.value, float(variable.shape[1])))
            total += variable.regularizer.factor * float(found)
    return total


def strengths(variable: Any) -> tuple[float, float]:
    """Return the L1 and L2 strength that is in effect on a variable; zeros for another regularizer."""
    regularizer = variable.regularizer
    if type(regularizer).__name__ not in _KNOWN and not isinstance(regularizer, OrthogonalL1L2):
        return 0.0, 0.0
    return float(getattr(regularizer, "l1", 0.0)), float(getattr(regularizer, "l2", 0.0))


def _with_strengths(config: Any, l1: float, l2: float, scale: float, layer: str) -> Any:
    """Return a config with its regularizers replaced, and those of all layers inside it."""
    if isinstance(config, list | tuple):
        return type(config)(_with_strengths(part, l1, l2, scale, layer) for part in config)
    if not isinstance(config, dict):
        return config
    changed: Config = {}
    for key, value in config.items():
        if key.endswith("_regularizer") and key != "activity_regularizer":
            added = (l1, l2) if key in _KERNEL_KEYS else (0.0, 0.0)
            changed[key] = _regularizer(value, added, scale, f"{key} of layer {layer!r}")
        else:
            changed[key] = _with_strengths(value, l1, l2, scale, layer)
    return changed


def _regularizer(own: Any, added: tuple[float, float], scale: float, where: str) -> Any:
    """Return the serialized regularizer with `own` scaled and `added` to it, or None if nothing is left."""
    if own is not None and not (isinstance(own, dict) and own.get("class_name") in _KNOWN):
        if any(added):
            raise UnsupportedModelError(
                f"{where} is neither L1 nor L2 and cannot be combined with them",
                received=str(own.get("class_name") if isinstance(own, dict) else own),
                expected="L1, L2, L1L2 or none",
                fix="remove that regularizer, or leave l1 and l2 at 0",
            )
        return own
    config = own["config"] if own is not None else {}
    l1 = scale * float(config.get("l1", 0.0)) + added[0]
    l2 = scale * float(config.get("l2", 0.0)) + added[1]
    if l1 == 0 and l2 == 0:
        return None
    made = keras.regularizers.L1L2(l1, l2) if l1 and l2 else None
    made = made or (keras.regularizers.L2(l2) if l2 else keras.regularizers.L1(l1))
    return keras.regularizers.serialize(made)


def _check(before: keras.Model, after: keras.Model, l1: float, l2: float, scale: float) -> None:
    """Refuse to hand out a network whose penalties are not what was asked for, or that predicts otherwise."""
    pairs = zip(before.trainable_variables, after.trainable_variables, strict=True)
    wrong: list[str] = []
    for old, new in pairs:
        own_l1, own_l2 = strengths(old)
        added = (l1, l2) if is_kernel(new) else (0.0, 0.0)
        expected = (scale * own_l1 + added[0], scale * own_l2 + added[1])
        if not np.allclose(strengths(new), expected, rtol=1e-6, atol=0):
            wrong.append(new.path)
    if wrong:
        raise UnsupportedModelError(
            f"weight {wrong[0]!r} does not take the penalty",
            received=", ".join(wrong[:5]),
            expected="layers with a kernel_regularizer argument",
            fix="use a Keras layer there, or leave l1 and l2 at 0",
        )
    inputs = probe_inputs(before)
    if not np.allclose(predictions(before, inputs), predictions(after, inputs), rtol=1e-5, atol=1e-6):
        raise UnsupportedModelError(
            f"model {before.name!r} predicts otherwise once it is rebuilt from its config",
            expected="layers whose get_config() and weights are all that they hold",
            fix="keep all state of custom layers in weights",
        )
