"""Plain records that say how a network can be made narrower, wider, shallower or deeper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple


class Segment(NamedTuple):
    """A run of units on an axis.

    Attributes:
        group: index into `Layout.groups`, or None where the units are fixed (inputs, outputs, unknown use).
        size: number of units.
    """

    group: int | None
    size: int


Axis = tuple[Segment, ...] | None
"""Segments that make up an axis in order; None where nothing on the axis can be changed."""


@dataclass(frozen=True, kw_only=True)
class WidthGroup:
    """One hidden feature axis that can be narrowed, wherever in the network it appears.

    Attributes:
        name: the first `Dense` that makes it.
        size: its units.
        layers: every `Dense` whose units it is; merges tie several together.
    """

    name: str
    size: int
    layers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class VariableLayout:
    """The axes of one weight.

    Attributes:
        layer: name of the layer that holds it.
        index: position in that layer's ``weights``.
        path: the variable's Keras path.
        shape: its shape.
        axes: an `Axis` for each of its axes.
    """

    layer: str
    index: int
    path: str
    shape: tuple[int, ...]
    axes: tuple[Axis, ...]


@dataclass(frozen=True, kw_only=True)
class OutputLayout:
    """The last axis of what a layer (or an operation such as ``x + y``) puts out.

    Attributes:
        layer: its name.
        kind: its class name, such as ``Dense`` or ``LayerNormalization``.
        axis: the segments of its last output axis, or None if all of it is fixed. For a layer called
            several times, of its first call.
    """

    layer: str
    kind: str
    axis: Axis


@dataclass(frozen=True, kw_only=True)
class DepthBlock:
    """Layers that can be taken out, or repeated, as one.

    A gated chain puts out ``g * chain(x) + (1 - g) * x``; a gated residual block ``x + g * branch(x)``;
    with g = 0 both equal the network without the block.

    Attributes:
        name: its first `Dense`, or its first layer where it has none.
        layers: its layers in order; for a residual block those of the branch, without the merge.
        kind: ``chain`` or ``residual``.
        source: the layer whose output goes into the block.
        merge: the layer that adds the branch to `source`, or None for a chain.
        branch_index: which of the merge's inputs is the branch; -1 for a chain.
        gateable: whether a gate can switch it off in place; sizes in and out are equal.
        removable: whether the network without it is valid.
    """

    name: str
    layers: tuple[str, ...]
    kind: Literal["chain", "residual"]
    source: str
    merge: str | None = None
    branch_index: int = -1
    gateable: bool
    removable: bool


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What can be changed in a network, as plain data.

    Attributes:
        groups: the width groups, from input to output.
        variables: one for each entry of ``model.weights``, in that order.
        outputs: one for each layer and operation, from input to output.
        blocks: the depth blocks, from input to output; never the output layer.
        reason: why there is nothing to change, or an empty string.
    """

    groups: tuple[WidthGroup, ...] = ()
    variables: tuple[VariableLayout, ...] = ()
    outputs: tuple[OutputLayout, ...] = ()
    blocks: tuple[DepthBlock, ...] = ()
    reason: str = ""

    def output_axis(self, layer: str) -> Axis:
        """Return the last output axis of `layer`; None if it is fixed or the layer is unknown."""
        return next((output.axis for output in self.outputs if output.layer == layer), None)
