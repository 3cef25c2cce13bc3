"""Residual branches: where they end, and the network that drops them at random (stochastic depth).

Source: Huang et al., Deep Networks with Stochastic Depth, 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from wellfit.models._chosen_layers import by_path
from wellfit.models._freeze import frozen_paths
from wellfit.models._graph import read_graph, why_no_graph
from wellfit.models._layout import find_layout
from wellfit.models._layout_types import DepthBlock, Layout
from wellfit.models._probe import weight_values
from wellfit.models._rebuild import Edits, assign, copy_compile, rebuild


class BranchPlace(NamedTuple):
    """The end of a residual branch, behind which it can be dropped.

    Attributes:
        path: of the last layer or operation of the branch, ``model/layer`` in a nested model.
        rank: axes of what it puts out, the batch included.
        block: depth block of the network that it lies in, or -1.
        layers: paths of the branch's layers with weights.
        learns: whether one of these does.
    """

    path: str
    rank: int
    block: int
    layers: tuple[str, ...]
    learns: bool


def branch_places(model: keras.Model, layout: Layout) -> tuple[BranchPlace, ...]:
    """Return where residual branches end that learn and are not dropped yet, from input to output.

    A branch is what a sum adds to the very tensor that it was made from; where the other input of the sum is
    a projection there is none. A frozen branch stays: its rows have passed it before training begins.

    Args:
        model: the network; nested models that are called once are opened.
        layout: its layout; where that is empty there are no branches.
    """
    if layout.reason or why_no_graph(model):
        return ()
    return tuple(place for place in _places(model, layout) if place.learns)


def num_branches(model: keras.Model, layout: Layout, frozen_stages: int = -1) -> int:
    """Return how many residual branches can be dropped.

    Args:
        model: the network.
        layout: its layout.
        frozen_stages: stages that will be frozen, all others learning (see `freeze`); -1 takes the network as
            it is.
    """
    if frozen_stages < 0 or layout.reason or why_no_graph(model):
        return len(branch_places(model, layout))
    frozen = frozen_paths(model, frozen_stages)
    return sum(not set(place.layers) <= frozen for place in _places(model, layout))


def depth_shares(on: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return ``[..., branch]`` what part of the rate each branch has: the last one all of it.

    The share grows in equal steps from input to output, so that survival falls linearly with depth:
    p_l = 1 - l / L * rate, for branch l of L.

    Args:
        on: ``[..., branch]`` which branches are there; the others have 0, and do not count.

    Example:
        >>> depth_shares(np.array([True, True, False, True])).round(2).tolist()
        [0.33, 0.67, 0.0, 1.0]
    """
    number = np.cumsum(on, axis=-1) * on
    return number / np.maximum(on.sum(axis=-1, keepdims=True), 1)


def with_stochastic_depth(model: keras.Model, rate: float) -> keras.Model:
    """Return the network with dropout of whole residual branches, its weights kept.

    In training a row goes past a branch at random: what the branch would add is 0, and where it is kept it is
    scaled up, so that inference needs no change. Rows are drawn one by one, as in EfficientNet (Tan and Le,
    2019), where the source draws once a batch. It is a plain ``Dropout(rate, noise_shape=(None, 1, ...))``
    at the end of each branch.

    Args:
        model: a built functional model; without residual branches it is returned as it is.
        rate: of the last branch, at least 0 and below 1; see `depth_shares` for the others.

    Raises:
        UnsupportedModelError: the network cannot be rebuilt.
    """
    places = branch_places(model, find_layout(model))
    if not places or not rate:
        return model
    rates = rate * depth_shares(np.ones(len(places), bool))
    inserted = {
        place.path: _dropping(place, round(float(own), 6)) for place, own in zip(places, rates, strict=True)
    }
    changed = rebuild(model, Edits(inserted=inserted))
    own = by_path(model)
    # Not model by model: what is put into a nested one can change the order of its weights.
    for path, layer in by_path(changed).items():
        if path in own:
            assign(layer, weight_values(own[path]))
    copy_compile(model, changed)
    return changed


def _dropping(place: BranchPlace, rate: float) -> Callable[[str], keras.layers.Layer]:
    name = place.path.rpartition("/")[2]
    shape: Any = (None, *[1] * (place.rank - 1))
    return lambda suffix: keras.layers.Dropout(rate, noise_shape=shape, name=f"{name}{suffix}_branch_dropout")


def _places(
    model: keras.Model, layout: Layout, start: str = "", around: int | None = None
) -> Iterator[BranchPlace]:
    """Yield the ends of all residual branches.

    Args:
        model: the network, or one nested in it.
        layout: its layout.
        start: what its paths begin with.
        around: depth block of the outermost network that it lies in, -1 for none; None at the outside.
    """
    graph = read_graph(model)
    blocks = {name: index for index, block in enumerate(layout.blocks) for name in block.layers}
    ends = {block.layers[-1]: block for block in layout.blocks if block.kind == "residual"}
    operations = {call.name: call.operation for call in graph.calls}
    for call in graph.calls:
        operation, block = call.operation, blocks.get(call.name, -1) if around is None else around
        if len(graph.calls_of(call.name)) != 1:
            continue
        if isinstance(operation, keras.Model) and not why_no_graph(operation):
            yield from _places(operation, find_layout(operation), f"{start}{call.name}/", block)
        is_dropped = getattr(operation, "noise_shape", None) is not None
        if call.name not in ends or is_dropped or len(call.shapes) != 1:
            continue
        found = _weighted(ends[call.name], operations, start)
        yield BranchPlace(
            path=f"{start}{call.name}",
            rank=len(call.shapes[0]),
            block=block,
            layers=tuple(found),
            learns=any(layer.trainable_weights for layer in found.values()),
        )


def _weighted(block: DepthBlock, operations: dict[str, Any], start: str) -> dict[str, Any]:
    """Return the layers with weights of a branch by path, nested models opened."""
    found: dict[str, Any] = {}
    for name in block.layers:
        operation = operations[name]
        if isinstance(operation, keras.Model):
            found |= {f"{start}{name}/{path}": leaf for path, leaf in by_path(operation).items()}
        elif isinstance(operation, keras.layers.Layer):
            found[f"{start}{name}"] = operation
    return {path: layer for path, layer in found.items() if layer.weights}
