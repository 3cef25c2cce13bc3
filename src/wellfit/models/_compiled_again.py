"""Compile settings that go from a network to its changed copy: loss, metrics, optimizer and its state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from wellfit.models._kinds import is_matrix
from wellfit.models._probe import value_of
from wellfit.models._rebuild import copy_compile, weight_sources
from wellfit.records import UnsupportedModelError

# AdamW refuses None, which is how all others say that there is none.
_NO_DECAY = {"AdamW": 0.0}


def compile_again(source: keras.Model, target: keras.Model, *, weight_decay: float | None = None) -> None:
    """Compile `target` as `source` was, the optimizer's state included where it fits.

    Args:
        source: a network, compiled or not.
        target: a network with the same weights, see `weight_sources`.
        weight_decay: another decoupled decay, on kernels alone; None leaves it, and what it is for.

    Raises:
        UnsupportedModelError: a loss, metric or optimizer cannot be made again from its config.
    """
    own: Any = source.optimizer if source.compiled else None
    if own is None:
        copy_compile(source, target)
        return
    sources = weight_sources(source, target)
    optimizer = _optimizer(own, list(zip(sources, target.weights, strict=True)), weight_decay)
    try:
        config: Any = keras.saving.deserialize_keras_object(source.get_compile_config())
        target.compile(**{**config, "optimizer": optimizer})
    except (TypeError, ValueError) as error:
        raise UnsupportedModelError(
            "the compile settings of this network cannot be copied",
            received=str(error).partition("\n")[0],
            expected="losses, metrics and optimizers of Keras, or registered ones",
            fix="decorate them with @keras.saving.register_keras_serializable()",
        ) from error
    optimizer.build(target.trainable_variables)
    is_in_order = [id(variable) for variable in sources] == [id(variable) for variable in source.weights]
    _copy_state(own, optimizer, is_in_order=is_in_order)


def _optimizer(own: Any, pairs: Sequence[tuple[Any, Any]], weight_decay: float | None) -> Any:
    """Return the optimizer anew for pairs of old and new weights; which it decays is not in its config."""
    changes = (
        {} if weight_decay is None else {"weight_decay": weight_decay or _NO_DECAY.get(type(own).__name__)}
    )
    optimizer: Any = type(own).from_config({**own.get_config(), **changes})
    if weight_decay is None:
        spared = {id(old) for old in undecayed(own, [old for old, _ in pairs])}
        left_out = [new for old, new in pairs if id(old) in spared]
    else:
        left_out = [new for _, new in pairs if weight_decay and not is_matrix(new)]
    if left_out:
        optimizer.exclude_from_weight_decay(var_list=left_out)
    return optimizer


def _has_decay(optimizer: Any) -> bool:
    return bool(getattr(optimizer, "weight_decay", None)) and hasattr(optimizer, "_use_weight_decay")


def undecayed(optimizer: Any, variables: Sequence[Any]) -> list[Any]:
    """Return the variables that an optimizer with a decay leaves out of it."""
    return [v for v in variables if _has_decay(optimizer) and not optimizer._use_weight_decay(v)]


def decay_holders(model: keras.Model) -> list[Any]:
    """Return the trainable weights that the optimizer of a network decays."""
    optimizer: Any = model.optimizer if model.compiled else None
    if optimizer is None or not _has_decay(optimizer):
        return []
    return [v for v in model.trainable_variables if optimizer._use_weight_decay(v)]


def _copy_state(source: Any, target: Any, *, is_in_order: bool) -> None:
    """Copy step count and moments, if both optimizers keep the same ones."""
    if not getattr(source, "built", False) or not getattr(target, "built", False):
        return
    olds, news = list(source.variables), list(target.variables)
    if not is_in_order:
        # Moments are named by the path of their weight.
        named = {variable.path: variable for variable in olds}
        if len(named) != len(olds) or {variable.path for variable in news} != set(named):
            return
        olds = [named[variable.path] for variable in news]
    if [tuple(v.shape) for v in olds] != [tuple(v.shape) for v in news]:
        return
    for old, new in zip(olds, news, strict=True):
        # A copy: JAX gives an optimizer's arrays away when it trains, and the other would be left without.
        new.assign(np.array(value_of(old)))
