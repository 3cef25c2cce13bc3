"""Sums that bridge hidden layers: put in, or taken out.

Source: He et al., Deep Residual Learning for Image Recognition, 2016.
"""

from __future__ import annotations

import keras

from wellfit.models._graph import read_graph
from wellfit.models._layout import find_layout
from wellfit.models._layout_types import DepthBlock, Layout
from wellfit.models._rebuild import Edits, rebuild
from wellfit.records import UnsupportedModelError


def bridgeable(layout: Layout) -> tuple[DepthBlock, ...]:
    """Return the hidden layers whose output a sum with their input could be: as wide, and not bridged yet."""
    return tuple(block for block in layout.blocks if block.kind == "chain" and block.gateable)


def residual_blocks(layout: Layout) -> tuple[DepthBlock, ...]:
    """Return the blocks that a sum bridges."""
    return tuple(block for block in layout.blocks if block.kind == "residual")


def with_skip(model: keras.Model, *, on: bool) -> keras.Model:
    """Return the network with hidden layers of equal width bridged by an `Add`, or with no such bridges.

    A bridged layer (with its activation, normalization and dropout) puts out ``x + layer(x)``. Without
    bridges only the branch of each residual block is left: ``branch(x)``.

    Raises:
        UnsupportedModelError: there is nothing to bridge, or no bridge to take out.
    """
    layout = find_layout(model)
    return _bridged(model, layout) if on else _unbridged(model, layout)


def _bridged(model: keras.Model, layout: Layout) -> keras.Model:
    blocks = bridgeable(layout)
    if not blocks:
        raise UnsupportedModelError(
            "there is nothing to bridge",
            received="no hidden layer without a skip that is as wide as the hidden layer before it",
            expected="two hidden layers of equal width in a row",
            fix="give hidden layers the same number of units",
        )
    graph = read_graph(model)
    starts = {block.layers[-1]: graph.calls_of(block.layers[0])[0].inputs[0] for block in blocks}
    return rebuild(model, Edits(bridged=starts))


def _unbridged(model: keras.Model, layout: Layout) -> keras.Model:
    merges = {block.merge: block.branch_index for block in residual_blocks(layout) if block.merge}
    if not merges:
        raise UnsupportedModelError(
            "there is no skip to take out",
            received="no residual block whose branch is read by its sum alone",
            expected="at least one sum of a layer's input and its output",
            fix="leave the network as it is",
        )
    return rebuild(model, Edits(passed=merges))
