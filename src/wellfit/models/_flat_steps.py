"""A network as one list of calls, nested models opened, that can be run again on other tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from wellfit.models._graph import read_graph, why_no_graph


@dataclass(frozen=True, eq=False)
class Step:
    """One call of the flat network: nested models are opened.

    Attributes:
        operation: layer or operation.
        args: positional arguments, with `Slot` in place of tensors.
        kwargs: keyword arguments likewise.
        outputs: slots of what comes out.
    """

    operation: Any
    args: Any
    kwargs: dict[str, Any]
    outputs: tuple[int, ...]

    @property
    def inputs(self) -> tuple[int, ...]:
        """Slots that are read."""
        leaves = keras.tree.flatten([self.args, self.kwargs])
        return tuple(leaf.number for leaf in leaves if isinstance(leaf, Slot))


@dataclass(frozen=True)
class Slot:
    """A place for a tensor."""

    number: int


def flat_steps(model: keras.Model) -> tuple[list[Step], tuple[int, ...], tuple[int, ...]]:
    """Return all calls, nested models opened, with the slots of inputs and outputs."""
    steps: list[Step] = []
    count = [len(model.inputs)]
    inputs = tuple(range(len(model.inputs)))
    outputs = _flatten_into(model, inputs, steps, count)
    return steps, inputs, outputs


def _flatten_into(
    model: keras.Model, given: tuple[int, ...], steps: list[Step], count: list[int]
) -> tuple[int, ...]:
    """Add the calls of a model that reads the given slots; return the slots of its outputs.

    Args:
        model: the model.
        given: slots of its inputs.
        steps: what is added to.
        count: of slots so far.
    """
    graph = read_graph(model)
    slots: dict[tuple[int, int], int] = {}
    entries = [graph.keys[id(tensor)] for tensor in model.inputs]
    slots.update(zip(entries, given, strict=True))

    def placed(leaf: Any) -> Any:
        key = graph.keys.get(id(leaf))
        return leaf if key is None else Slot(slots[key])

    for call in graph.calls:
        if call.is_input:
            continue
        args: Any = keras.tree.map_structure(placed, call.args)
        kwargs: Any = keras.tree.map_structure(placed, call.kwargs)
        if isinstance(call.operation, keras.Model) and not why_no_graph(call.operation):
            read = tuple(slots[key] for key in call.inputs)
            made = _flatten_into(call.operation, read, steps, count)
        else:
            made = tuple(range(count[0], count[0] + len(call.shapes)))
            count[0] += len(made)
            # Whatever a layer was called with, `fit` calls it with ``training=True``: Keras overrides it.
            kwargs = {name: value for name, value in kwargs.items() if name != "training"}
            steps.append(Step(call.operation, args, kwargs, made))
        slots.update({(call.index, position): slot for position, slot in enumerate(made)})
    return tuple(slots[key] for key in graph.outputs)


def run_steps(steps: Sequence[Step], tensors: dict[int, Any]) -> None:
    """Call every step on the tensors that are there, and note what comes out."""
    for step in steps:

        def filled(leaf: Any) -> Any:
            return tensors[leaf.number] if isinstance(leaf, Slot) else leaf

        args: Any = keras.tree.map_structure(filled, step.args)
        kwargs: Any = keras.tree.map_structure(filled, step.kwargs)
        outputs = keras.tree.flatten(step.operation(*args, **kwargs))
        tensors.update(zip(step.outputs, outputs, strict=True))
