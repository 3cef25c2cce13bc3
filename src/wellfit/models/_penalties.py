"""Weight penalties that truly take effect: regularizers put in by rebuilding, then checked."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from wellfit.models._kernels import MemberPenalty, hidden_kernels, reached
from wellfit.models._kernels import orthogonality as orthogonality_of
from wellfit.models._kinds import KERNEL_KEYS, is_kernel
from wellfit.models._probe import predictions, probe_inputs, value_of
from wellfit.models._rebuild import Config, Edits, copy_compile, copy_weights, rebuild
from wellfit.records import SettingsError, UnsupportedModelError

_KNOWN = ("L1", "L2", "L1L2")


def with_penalties(
    model: keras.Model, *, l1: float = 0.0, l2: float = 0.0, scale: float = 1.0, where: str = "all"
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
        where: whether `l1` and `l2` reach the kernels of ``all`` layers, of the ``first`` or of the ``last``.

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

    on = _reached(model, where)
    holders = {id(layer) for layer in model._flatten_layers() for v in layer.weights if id(v) in on}

    def change(layer: Any, config: Config) -> Config:
        added = (l1, l2) if id(layer) in holders else (0.0, 0.0)
        return _with_strengths(config, *added, scale, layer.name)

    changed = rebuild(model, Edits(change=change))
    copy_weights(model, changed)
    _check(model, changed, (l1, l2), scale, where)
    copy_compile(model, changed)
    return changed


def with_bounds(model: keras.Model, *, orthogonality: float = 0.0, max_norm: float = 0.0) -> keras.Model:
    """Return the network with `OrthogonalRegularizer` and `MaxNorm` on its hidden kernels, its weights kept.

    A kernel that has a regularizer or a constraint already keeps its own. Kernels of nested networks and
    wrappers are left as they are.

    Args:
        model: a built Sequential or functional model.
        orthogonality: strength over columns, which belong to the units; 0 for none.
        max_norm: largest norm of the weights into a unit; 0 for none.

    Raises:
        UnsupportedModelError: the network cannot be rebuilt.
    """
    variables = model.trainable_variables
    shapes = [tuple(variable.shape) for variable in variables]
    found = hidden_kernels([v.path for v in variables], [is_kernel(v) for v in variables], shapes)
    hidden = {id(variable) for variable, is_hidden in zip(variables, found, strict=True) if is_hidden}
    largest: Any = max_norm
    regularizer = keras.regularizers.OrthogonalRegularizer(orthogonality, mode="columns")
    constraint = keras.constraints.MaxNorm(largest, axis=0)

    def change(layer: Any, config: Config) -> Config:
        kernel: Any = getattr(layer, "kernel", None)
        if id(kernel) not in hidden:
            return config
        changed = dict(config)
        # Of a single unit there are no pairs, and Keras would divide by their number.
        if orthogonality and kernel.shape[1] > 1 and config.get("kernel_regularizer", 0) is None:
            changed["kernel_regularizer"] = keras.regularizers.serialize(regularizer)
        if max_norm and config.get("kernel_constraint", 0) is None:
            changed["kernel_constraint"] = keras.constraints.serialize(constraint)
        return changed

    changed = rebuild(model, Edits(change=change))
    copy_weights(model, changed)
    copy_compile(model, changed)
    return changed


def _reached(model: keras.Model, where: str) -> set[int]:
    """Return which kernels penalties reach, by identity."""
    variables = model.trainable_variables
    chosen = reached([v.path for v in variables], [is_kernel(v) for v in variables], where)
    return {id(variable) for variable, is_on in zip(variables, chosen, strict=True) if is_on}


def penalty(model: keras.Model) -> float:
    """Return the sum of the L1 and L2 penalties on the weights, and of members' orthogonality and L2-SP.

    Example:
        >>> penalty(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]))
        0.0
    """
    total = 0.0
    for variable in model.trainable_variables:
        l1, l2 = strengths(variable)
        value = value_of(variable).astype(np.float64)
        total += l1 * float(np.abs(value).sum()) + l2 * float(np.square(value).sum())
        own: Any = variable.regularizer
        if isinstance(own, MemberPenalty) and own.factor:
            found: Any = keras.ops.convert_to_numpy(
                orthogonality_of(variable.value, float(variable.shape[1]))
            )
            total += own.factor * float(found)
        if isinstance(own, MemberPenalty) and own.l2_sp:
            total += own.l2_sp * float(np.square(value - own.anchor).sum())
    return total


def strengths(variable: Any) -> tuple[float, float]:
    """Return the L1 and L2 strength that is in effect on a variable; zeros for another regularizer."""
    regularizer = variable.regularizer
    if type(regularizer).__name__ not in _KNOWN and not isinstance(regularizer, MemberPenalty):
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
            added = (l1, l2) if key in KERNEL_KEYS else (0.0, 0.0)
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


def _check(
    before: keras.Model, after: keras.Model, strength: tuple[float, float], scale: float, where: str
) -> None:
    """Refuse to hand out a network whose penalties are not what was asked for, or that predicts otherwise."""
    pairs = zip(before.trainable_variables, after.trainable_variables, strict=True)
    wrong: list[str] = []
    on = _reached(after, where)
    for old, new in pairs:
        own_l1, own_l2 = strengths(old)
        added = strength if id(new) in on else (0.0, 0.0)
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
