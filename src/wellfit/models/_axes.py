"""Which units belong together: a union-find over the feature axes of a network."""

from __future__ import annotations

import math
from typing import Any

import keras

from wellfit.models._graph import Call, Graph, TensorKey
from wellfit.models._kinds import (
    is_convolution,
    is_dense,
    is_elementwise_activation,
    is_merge,
    is_normalization,
    is_passing,
    is_pooling,
    is_prelu,
)
from wellfit.models._layout_types import Axis, OutputLayout, Segment, VariableLayout, WidthGroup

_MOST_PLACES = 256  # of maps that are flattened: each is a run of units in every mask

Atoms = tuple[int, ...]
"""An axis as atoms in order: runs of units that are changed together or not at all."""


class _Atoms:
    """Union-find over atoms; each root has a size and may be fixed."""

    def __init__(self) -> None:
        self._parent: list[int] = []
        self._fixed: list[bool] = []
        self.size: list[int] = []

    def new(self, size: int, *, fixed: bool) -> int:
        self._parent.append(len(self._parent))
        self._fixed.append(fixed)
        self.size.append(size)
        return len(self._parent) - 1

    def root(self, atom: int) -> int:
        while self._parent[atom] != atom:
            self._parent[atom] = self._parent[self._parent[atom]]
            atom = self._parent[atom]
        return atom

    def is_fixed(self, atom: int) -> bool:
        return self._fixed[self.root(atom)]

    def fix(self, atoms: Atoms) -> None:
        for atom in atoms:
            self._fixed[self.root(atom)] = True

    def unite(self, left: Atoms, right: Atoms) -> None:
        """Tie two axes together, run by run; where their runs differ in size, neither can change."""
        if [self.size[atom] for atom in left] != [self.size[atom] for atom in right]:
            self.fix(left + right)
            return
        for a, b in zip(left, right, strict=True):
            first, second = sorted((self.root(a), self.root(b)))
            self._fixed[first] = self._fixed[first] or self._fixed[second]
            self._parent[second] = first


class AxisMap:
    """The feature axis of every tensor and weight of a network.

    Args:
        graph: the network's calls.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._atoms = _Atoms()
        self._tensors: dict[TensorKey, Atoms] = {}
        self._made: dict[str, Atoms] = {}
        self._read: dict[str, Atoms] = {}
        for call in graph.calls:
            self._add(call)
        for key in graph.outputs:
            self._atoms.fix(self._tensors[key])
        self._groups = self._number_groups()

    @property
    def groups(self) -> tuple[WidthGroup, ...]:
        """The width groups, from input to output."""
        makers: dict[int, list[str]] = {root: [] for root in self._groups}
        for name, atoms in self._made.items():
            root = self._atoms.root(atoms[0])
            if root in makers:
                makers[root].append(name)
        return tuple(
            WidthGroup(name=names[0], size=self._atoms.size[root], layers=tuple(names))
            for root, names in makers.items()
        )

    def axis(self, key: TensorKey) -> Axis:
        """Return the last axis of a tensor."""
        return self._segments(self._tensors[key])

    def outputs(self) -> tuple[OutputLayout, ...]:
        """Return the last output axis of each layer and operation, by first call."""
        seen: dict[str, OutputLayout] = {}
        for call in self._graph.calls:
            kind = type(call.operation).__name__
            if call.name not in seen:
                seen[call.name] = OutputLayout(layer=call.name, kind=kind, axis=self.axis((call.index, 0)))
        return tuple(seen.values())

    def variables(self, model: keras.Model) -> tuple[VariableLayout, ...]:
        """Return the axes of every entry of ``model.weights``, in that order."""
        known: dict[int, VariableLayout] = {}
        for layer in model.layers:
            for index, variable in enumerate(layer.weights):
                known.setdefault(id(variable), self._variable(layer, index, variable))
        return tuple(known[id(variable)] for variable in model.weights if id(variable) in known)

    def _variable(self, layer: Any, index: int, variable: Any) -> VariableLayout:
        shape = tuple(int(size) for size in variable.shape)
        axes: list[Axis] = [None] * len(shape)
        made = self._made.get(layer.name)
        read = self._read.get(layer.name)
        if made is not None:
            axes[-1] = self._segments(made)
            if index == 0 and read is not None:
                axes[-2] = self._segments(read)  # a convolution's kernel begins with its places
        elif read is not None and shape and shape[-1] == self._size(read):
            axes[-1] = self._segments(read)
        return VariableLayout(
            layer=layer.name, index=index, path=variable.path, shape=shape, axes=tuple(axes)
        )

    def _add(self, call: Call) -> None:
        incoming = [self._tensors[key] for key in call.inputs]
        rank = len(call.shapes[0])
        if (is_dense(call.operation) or is_convolution(call.operation)) and len(incoming) == 1:
            outgoing = self._maker(call, incoming[0])
        elif is_pooling(call.operation) and len(incoming) == 1:
            outgoing = incoming[0]
        elif type(call.operation) is keras.layers.Flatten and self._num_places(call) <= _MOST_PLACES:
            outgoing = incoming[0] * self._num_places(call)
        elif is_passing(call.operation, rank) and len(incoming) == 1:
            if is_prelu(call.operation) or is_normalization(call.operation, rank):
                self._reads(call.name, incoming[0])
            outgoing = incoming[0]
        elif is_merge(call.operation) and self._can_merge(call):
            for other in incoming[1:]:
                self._atoms.unite(incoming[0], other)
            outgoing = incoming[0]
        elif self._joins_last_axis(call):
            outgoing = tuple(atom for atoms in incoming for atom in atoms)
        else:
            for atoms in incoming:
                self._atoms.fix(atoms)
            self._all_fixed(call)
            return
        self._tensors[(call.index, 0)] = outgoing

    def _num_places(self, call: Call) -> int:
        """Return how often the units of what a `Flatten` reads stand beside each other afterwards."""
        shape = self._graph.shape(call.inputs[0])
        is_last = call.operation.data_format == "channels_last"
        known = is_last and len(shape) > 1 and all(shape[1:])
        return math.prod(size or 1 for size in shape[1:-1]) if known else _MOST_PLACES + 1

    def _maker(self, call: Call, incoming: Atoms) -> Atoms:
        self._reads(call.name, incoming)
        if call.name not in self._made:
            mixes_units = not is_elementwise_activation(call.operation.activation)
            self._made[call.name] = (self._atoms.new(call.shapes[0][-1] or 0, fixed=mixes_units),)
        return self._made[call.name]

    def _reads(self, name: str, incoming: Atoms) -> None:
        """Note what a layer's weights are applied to; a shared layer ties all its inputs together."""
        before = self._read.setdefault(name, incoming)
        if before != incoming:
            self._atoms.unite(before, incoming)

    def _can_merge(self, call: Call) -> bool:
        """Whether all inputs have the shape of the output, so that nothing is broadcast or a constant."""
        shapes = [self._graph.shape(key) for key in call.inputs]
        return len(shapes) > 1 and all(shape == call.shapes[0] for shape in shapes)

    def _joins_last_axis(self, call: Call) -> bool:
        if type(call.operation) is not keras.layers.Concatenate:
            return False
        return call.operation.axis in (-1, len(call.shapes[0]) - 1)

    def _all_fixed(self, call: Call) -> None:
        for position, shape in enumerate(call.shapes):
            size = shape[-1] if shape and shape[-1] is not None else 0
            self._tensors[(call.index, position)] = (self._atoms.new(int(size), fixed=True),)

    def _number_groups(self) -> dict[int, int]:
        """Return the root of each atom that can change, numbered from input to output."""
        roots = [self._atoms.root(atoms[0]) for atoms in self._made.values()]
        free = [root for root in roots if not self._atoms.is_fixed(root)]
        return {root: index for index, root in enumerate(dict.fromkeys(free))}

    def _size(self, atoms: Atoms) -> int:
        return sum(self._atoms.size[atom] for atom in atoms)

    def _segments(self, atoms: Atoms) -> Axis:
        roots = [self._atoms.root(atom) for atom in atoms]
        segments = tuple(Segment(self._groups.get(root), self._atoms.size[root]) for root in roots)
        return segments if any(segment.group is not None for segment in segments) else None
