"""The heads of a network: what comes last on every way to an output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras

from wellfit.models._flat_steps import Step, flat_steps


def heads(model: keras.Model, counts: Callable[[Any], bool]) -> frozenset[int]:
    """Return identities of the layers that count and behind which no other layer does, nested models opened.

    The last layer of ``model.layers`` is not enough: a network with several outputs has several heads.

    Args:
        model: a built Sequential or functional network.
        counts: from a layer to whether it counts, such as those with weights.

    Example:
        >>> inputs = keras.Input((3,))
        >>> body = keras.layers.Dense(4, name="body")(inputs)
        >>> model = keras.Model(inputs, [keras.layers.Dense(1)(body), keras.layers.Dense(2)(body)])
        >>> len(heads(model, lambda layer: bool(layer.weights)))
        2
    """
    steps, _, outputs = flat_steps(model)
    maker = {slot: step for step in steps for slot in step.outputs}

    def is_in(step: Step) -> bool:
        return isinstance(step.operation, keras.layers.Layer) and counts(step.operation)

    last = [step for step in _before(outputs, maker, is_in) if is_in(step)]
    behind: set[int] = set()
    for step in last:
        own = id(step.operation)
        behind |= {id(one.operation) for one in _before(step.inputs, maker)} - {own}
    return frozenset(id(step.operation) for step in last) - behind


def _before(
    slots: Iterable[int], maker: Mapping[int, Step], stops: Callable[[Step], bool] = lambda step: False
) -> list[Step]:
    """Return the steps that slots are made by, and all before these up to where it stops."""
    found: dict[int, Step] = {}
    waiting = list(slots)
    while waiting:
        step = maker.get(waiting.pop())
        if step is None or id(step) in found:
            continue
        found[id(step)] = step
        if not stops(step):
            waiting.extend(step.inputs)
    return list(found.values())
