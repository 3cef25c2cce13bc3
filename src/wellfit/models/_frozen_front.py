"""The frozen beginning of a network and the rest, as two networks: what does not learn need run only once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from wellfit.models._copied import copied
from wellfit.models._cost import products_per_row
from wellfit.models._flat_steps import Step, flat_steps, run_steps
from wellfit.models._graph import why_no_graph
from wellfit.models._probe import weight_values
from wellfit.models._rebuild import copy_compile
from wellfit.records import UnsupportedModelError

# A front with a smaller share of the network's products is not worth a pass of its own over the rows.
_LEAST_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class FrozenFront:
    """A network in two parts: ``back(front(x))`` is the network.

    Attributes:
        front: from the inputs to everything that the rest reads; nothing in it learns or is random.
        back: from that to the outputs, compiled as the network is, with its own weights.
        positions: for each weight of `back`, its position among the network's.
        values: of all weights of the network, in their order.
        num_features: numbers that `front` gives for a row.
    """

    front: keras.Model
    back: keras.Model
    positions: tuple[int, ...]
    values: tuple[NDArray[Any], ...]
    num_features: int

    def complete(self, weights: Sequence[NDArray[Any]]) -> tuple[NDArray[Any], ...]:
        """Return the weights of the whole network from those of `back`."""
        whole = list(self.values)
        for position, value in zip(self.positions, weights, strict=True):
            whole[position] = value
        return tuple(whole)


def frozen_front(model: keras.Model) -> FrozenFront | None:
    """Return the network in two parts, or None where no beginning worth the while is frozen.

    All layers that do not learn, are not random, and read nothing but inputs and each other belong to the
    front: of a backbone with ``trainable=False`` all of it, the pooling behind it included. Frozen batch
    normalization is in inference mode, so that its output is the same in training.

    Args:
        model: a built network; it stays as it is.

    Example:
        >>> body, head = keras.layers.Dense(8, name="body"), keras.layers.Dense(2)
        >>> model = keras.Sequential([keras.Input((3,)), body, keras.layers.ReLU(), head])
        >>> frozen_front(model) is None
        True
        >>> body.trainable = False
        >>> [layer.name for layer in frozen_front(model).front.layers if layer.weights]
        ['body']
    """
    is_frozen = any(layer.weights and not layer.trainable for layer in model._flatten_layers())
    if why_no_graph(model) or not model.trainable_variables or not is_frozen:
        return None
    try:
        return _divided(model, copied(model))
    except UnsupportedModelError:
        return None


def _divided(model: keras.Model, copy: keras.Model) -> FrozenFront | None:
    """Return the two parts, made of the layers of a copy."""
    steps, inputs, outputs = flat_steps(copy)
    fixed = _fixed(steps, inputs)
    behind = [step for step in steps if not set(step.outputs) <= fixed]
    if set(outputs) <= fixed or any(_makes_mask(step.operation) for step in steps):
        return None
    border = sorted(({slot for step in behind for slot in step.inputs} | set(outputs)) & fixed)
    starts = [keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name) for tensor in copy.inputs]
    tensors: dict[int, Any] = dict(zip(inputs, starts, strict=True))
    run_steps([step for step in steps if set(step.outputs) <= fixed], tensors)
    front = keras.Model(_one_or_all(starts), [tensors[slot] for slot in border], name="front")
    is_small = products_per_row(front) < _LEAST_SHARE * products_per_row(model)
    if is_small or any(None in tensors[slot].shape[1:] for slot in border):
        return None
    entries: list[Any] = [
        keras.Input(tensors[slot].shape[1:], dtype=tensors[slot].dtype, name=f"features_{position}")
        for position, slot in enumerate(border)
    ]
    own = dict(zip(border, entries, strict=True))
    run_steps(behind, own)
    back = keras.Model(_one_or_all(entries), _one_or_all([own[slot] for slot in outputs]), name=model.name)
    copy_compile(model, back)
    where = {id(variable): position for position, variable in enumerate(copy.weights)}
    return FrozenFront(
        front=front,
        back=back,
        positions=tuple(where[id(variable)] for variable in back.weights),
        values=tuple(weight_values(model)),
        num_features=sum(int(np.prod(entry.shape[1:])) for entry in entries),
    )


def _one_or_all(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


def _fixed(steps: list[Step], inputs: tuple[int, ...]) -> set[int]:
    """Return the slots whose values no training changes."""
    fixed = set(inputs)
    for step in steps:
        if set(step.inputs) <= fixed and _is_fixed(step):
            fixed |= set(step.outputs)
    return fixed


def _is_fixed(step: Step) -> bool:
    layer = step.operation
    if not isinstance(layer, keras.layers.Layer):
        return True
    if getattr(layer, "activity_regularizer", None) is not None:
        return False
    if any("seed_generator" in variable.path for variable in layer.variables):
        return False
    # A layer of the user's may be random in ways that do not show.
    if not type(layer).__module__.startswith("keras."):
        return False
    learns = layer.trainable and bool(layer.weights)
    return not learns or isinstance(layer, keras.layers.Normalization)


def _makes_mask(operation: Any) -> bool:
    return isinstance(operation, keras.layers.Masking) or bool(getattr(operation, "mask_zero", False))
