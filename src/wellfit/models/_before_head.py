"""What a network knows before its head: the features that a new head would read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import keras

from wellfit.models._copied import copied
from wellfit.models._flat_steps import Step, flat_steps, run_steps
from wellfit.models._graph import why_no_graph
from wellfit.models._heads import heads


def before_head(model: keras.Model, learned: Collection[int]) -> keras.Model | None:
    """Return the network up to everything that its head reads, or None where nothing before it has weights.

    The head is every layer with a weight that was not learned before; where all were, it is the last layer
    with weights on the way to each output. Nested models are opened.

    Args:
        model: a built network; it stays as it is.
        learned: positions among its weights of those that were learned before, see `learned_weights`.

    Example:
        >>> layers = keras.layers
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="body"),
        ...                           layers.GlobalAveragePooling2D(), layers.Dense(5, name="head")])
        >>> before_head(model, [0, 1]).output.shape
        (None, 4)

    Source:
        Donahue et al., DeCAF: A Deep Convolutional Activation Feature for Generic Visual Recognition, 2014.
    """
    if why_no_graph(model):
        return None
    copy = copied(model)
    steps, inputs, outputs = flat_steps(copy)
    head = _head(copy, set(learned), steps)
    behind: set[int] = set()
    for step in steps:
        if id(step.operation) in head or not behind.isdisjoint(step.inputs):
            behind |= set(step.outputs)
    before = [step for step in steps if behind.isdisjoint(step.outputs)]
    if not behind & set(outputs) or not any(_has_weights(step) for step in before):
        return None
    tensors: dict[int, Any] = {}
    for slot, tensor in zip(inputs, copy.inputs, strict=True):
        tensors[slot] = keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name)
    starts = [tensors[slot] for slot in inputs]
    run_steps(before, tensors)
    read = {slot for step in steps if not behind.isdisjoint(step.outputs) for slot in step.inputs} - behind
    border = [tensors[slot] for slot in sorted(read)]
    if any(None in tensor.shape[1:] for tensor in border):
        return None
    return keras.Model(starts[0] if len(starts) == 1 else starts, border, name="before_head")


def _head(model: keras.Model, learned: set[int], steps: list[Step]) -> set[int]:
    """Return identities of the layers of the head."""
    new = {id(variable) for place, variable in enumerate(model.weights) if place not in learned}
    found = {
        id(step.operation) for step in steps if _has_weights(step) and _holds_any(step.operation.weights, new)
    }
    return found or set(heads(model, lambda layer: bool(layer.trainable_weights)))


def _holds_any(weights: list[Any], chosen: set[int]) -> bool:
    return any(id(variable) in chosen for variable in weights)


def _has_weights(step: Step) -> bool:
    return isinstance(step.operation, keras.layers.Layer) and bool(step.operation.weights)
