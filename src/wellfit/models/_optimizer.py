"""A Keras optimizer as a pure function whose learning rate is an argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from wellfit.records import UnsupportedModelError

Tensor = Any


@dataclass(frozen=True, kw_only=True, eq=False)
class OptimizerFunction:
    """An optimizer without state of its own.

    Attributes:
        initial: initial value of each optimizer variable.
        apply: ``(variables, gradients, weights, learning_rate) -> (weights, variables)``.
        schedule: ``updates -> factor`` of the learning rate; 1 where the optimizer has no schedule.
        learning_rate: the optimizer's own learning rate; see `reference_rate` for a schedule.
    """

    initial: tuple[np.ndarray, ...]
    apply: Callable[
        [Sequence[Tensor], Sequence[Tensor], Sequence[Tensor], Tensor], tuple[list[Tensor], list[Tensor]]
    ]
    schedule: Callable[[Tensor], Tensor]
    learning_rate: float


def optimizer_function(
    config: dict[str, Any],
    shapes: Sequence[tuple[int, ...]],
    dtypes: Sequence[str],
    constraints: Sequence[Any] = (),
) -> OptimizerFunction:
    """Turn an optimizer's config into a pure function.

    Args:
        config: ``{"class_name": ..., "config": ...}`` as `keras.optimizers.serialize` gives it.
        shapes: shape of each trainable variable.
        dtypes: dtype of each.
        constraints: Keras constraint (or None) of each, applied after an update; empty for none.

    Raises:
        UnsupportedModelError: if the optimizer averages weights or accumulates gradients by itself.

    Example:
        >>> config = keras.optimizers.serialize(keras.optimizers.SGD(0.1))
        >>> optimizer_function(config, [(2,)], ["float32"]).learning_rate
        0.1
    """
    arguments = dict(config["config"])
    _refuse(config["class_name"], arguments)
    # Not the property `learning_rate`, which gives a schedule's current value and hides the schedule.
    own = keras.optimizers.deserialize({**config, "config": dict(arguments)})._learning_rate
    scheduled = isinstance(own, keras.optimizers.schedules.LearningRateSchedule)
    base = reference_rate(own)
    arguments["learning_rate"] = 1.0
    optimizer = keras.optimizers.deserialize({**config, "config": arguments})
    weights = [
        keras.Variable(np.zeros(s, d), name=f"weight_{i}")
        for i, (s, d) in enumerate(zip(shapes, dtypes, strict=True))
    ]
    for weight, constraint in zip(weights, constraints or [None] * len(weights), strict=True):
        weight.constraint = constraint
    optimizer.build(weights)
    rate_at = next(i for i, v in enumerate(optimizer.variables) if v is optimizer._learning_rate)

    def apply(
        variables: Sequence[Tensor],
        gradients: Sequence[Tensor],
        weights: Sequence[Tensor],
        learning_rate: Tensor,
    ) -> tuple[list[Tensor], list[Tensor]]:
        variables = list(variables)
        variables[rate_at] = learning_rate
        return optimizer.stateless_apply(variables, list(gradients), list(weights))

    def schedule(updates: Tensor) -> Tensor:
        return own(updates) / base if scheduled else 1.0

    return OptimizerFunction(
        initial=tuple(np.asarray(v) for v in optimizer.variables),
        apply=apply,
        schedule=schedule,
        learning_rate=base,
    )


def reference_rate(own: Any) -> float:
    """Return the rate that a member's learning rate replaces: a schedule's first, or its peak after warm-up.

    Args:
        own: an optimizer's learning rate: a variable, or a `LearningRateSchedule`.

    Example:
        >>> warm = keras.optimizers.schedules.CosineDecay(0.0, 100, warmup_target=0.5, warmup_steps=8)
        >>> reference_rate(warm)
        0.5
    """
    if not isinstance(own, keras.optimizers.schedules.LearningRateSchedule):
        return _number(own)
    first = _number(own(0))
    # A warm-up starts at zero, of which no multiple is anything else.
    return first if first > 0 else max(_number(own(2**power)) for power in range(21))


def _number(value: Any) -> float:
    """Return a float32 scalar as the float that is written like it: 0.001, not 0.00100000005."""
    number = keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(value))
    return float(str(np.asarray(number, np.float32)))


def _refuse(name: str, arguments: dict[str, Any]) -> None:
    if name == "LossScaleOptimizer":
        raise UnsupportedModelError(
            "the optimizer scales the loss for float16.",
            received=name,
            expected="training in float32",
            fix="compile the model without mixed precision",
        )
    for option in ("use_ema", "gradient_accumulation_steps"):
        if arguments.get(option):
            raise UnsupportedModelError(
                f"{name}({option}={arguments[option]}) keeps state that members cannot share.",
                received=f"{option}={arguments[option]}",
                expected=f"{name} without {option}",
                fix=f"compile the model without {option}",
            )
