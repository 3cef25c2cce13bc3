"""Which layers can be taken out or repeated: plain chains and residual blocks."""

from __future__ import annotations

import keras

from wellfit.models._axes import AxisMap
from wellfit.models._graph import Call, Graph, TensorKey
from wellfit.models._kinds import (
    has_weights,
    is_addition,
    is_convolution,
    is_dense,
    is_dropout,
    is_normalization,
    is_passing,
    is_pooling,
)
from wellfit.models._layout_types import DepthBlock


def find_blocks(graph: Graph, axes: AxisMap) -> tuple[DepthBlock, ...]:
    """Return the depth blocks of a network, from input to output."""
    found: list[tuple[int, DepthBlock]] = []
    taken: set[str] = set()
    for call in graph.calls:
        block = residual_block(graph, call)
        if block is not None and not taken & set(block.layers):
            found.append((call.index, block))
            taken |= set(block.layers)
    for call in graph.calls:
        block = None if call.name in taken else chain_block(graph, axes, call)
        if block is not None:
            found.append((call.index, block))
    return tuple(block for _, block in sorted(found, key=lambda item: item[0]))


def residual_block(graph: Graph, merge: Call) -> DepthBlock | None:
    """Return the block that `merge` closes: an addition of a tensor and of something made from it alone."""
    if not is_addition(merge.operation) or len(merge.inputs) != 2 or len(graph.calls_of(merge.name)) != 1:
        return None
    if any(graph.shape(key) != merge.shapes[0] for key in merge.inputs):
        return None
    for branch_index in (1, 0):
        skip, end = merge.inputs[1 - branch_index], merge.inputs[branch_index]
        branch = _branch(graph, skip, end, merge.index)
        if branch:
            weighted = [call for call in branch if has_weights(call.operation)]
            named = [call.name for call in sorted(weighted, key=lambda call: not is_dense(call.operation))]
            return DepthBlock(
                name=next(iter(named), branch[0].name),
                layers=tuple(call.name for call in branch),
                kind="residual",
                source=graph.calls[skip[0]].name,
                merge=merge.name,
                branch_index=branch_index,
                gateable=True,
                removable=True,
            )
    return None


def _branch(graph: Graph, skip: TensorKey, end: TensorKey, merge: int) -> list[Call]:
    """Return the calls from `skip` to `end`; none if others read or feed them, or share their layers."""
    inside: set[int] = set()
    waiting = [end]
    while waiting:
        key = waiting.pop()
        if key == skip or key[0] in inside:
            continue
        call = graph.calls[key[0]]
        if call.is_input or len(graph.calls_of(call.name)) != 1:
            return []
        inside.add(call.index)
        waiting.extend(call.inputs)
    for index in inside:
        for position in range(len(graph.calls[index].shapes)):
            key = (index, position)
            outside = set(graph.consumers.get(key, ())) - inside - {merge}
            if outside or key in graph.outputs or (merge in graph.consumers.get(key, ()) and key != end):
                return []
    return [graph.calls[index] for index in sorted(inside)]


def chain_block(graph: Graph, axes: AxisMap, first: Call) -> DepthBlock | None:
    """Return the chain that begins with a hidden `Dense` or a convolution that keeps the size of its maps.

    It ends with the elementwise layers that follow.
    """
    is_maker = is_dense(first.operation) or _keeps_size(graph, first)
    if not is_maker or len(first.inputs) != 1:
        return None
    chain = follow(graph, first)
    end = (chain[-1].index, 0)
    if not is_hidden(graph, end) or any(len(graph.calls_of(call.name)) != 1 for call in chain):
        return None
    same_size = graph.shape(first.inputs[0]) == graph.shape(end)
    ends, starts = axes.axis(end), axes.axis(first.inputs[0])
    both_free = starts is not None and ends is not None and len(starts) == 1
    readers = [graph.calls[index] for index in graph.consumers.get(end, ())]
    return DepthBlock(
        name=first.name,
        layers=tuple(call.name for call in chain),
        kind="chain",
        source=graph.calls[first.inputs[0][0]].name,
        gateable=same_size and both_free,
        removable=same_size or all(_takes_any_width(graph, reader) for reader in readers),
    )


def follow(graph: Graph, first: Call) -> list[Call]:
    """Return `first` and the elementwise and normalization calls after it, up to a branch or other layer."""
    chain = [first]
    while True:
        end = (chain[-1].index, 0)
        readers = graph.consumers.get(end, ())
        if end in graph.outputs or len(readers) != 1:
            return chain
        call = graph.calls[readers[0]]
        rank = len(call.shapes[0])
        plain = not has_weights(call.operation) or is_normalization(call.operation, rank)
        if len(call.inputs) != 1 or not is_passing(call.operation, rank) or not plain:
            return chain
        chain.append(call)


def is_hidden(graph: Graph, key: TensorKey) -> bool:
    """Whether every way from a tensor to an output leads through another layer with weights."""
    waiting = [key]
    while waiting:
        tensor = waiting.pop()
        if tensor in graph.outputs:
            return False
        for index in graph.consumers.get(tensor, ()):
            call = graph.calls[index]
            if not has_weights(call.operation) or is_normalization(call.operation, len(call.shapes[0])):
                waiting.extend((index, position) for position in range(len(call.shapes)))
    return True


def _takes_any_width(graph: Graph, reader: Call) -> bool:
    if len(graph.calls_of(reader.name)) != 1:
        return False
    passes = is_pooling(reader.operation) or is_dropout(reader.operation)
    if passes or type(reader.operation) is keras.layers.Flatten:
        readers = [graph.calls[index] for index in graph.consumers.get((reader.index, 0), ())]
        return (reader.index, 0) not in graph.outputs and all(_takes_any_width(graph, one) for one in readers)
    return is_dense(reader.operation) or is_convolution(reader.operation)


def _keeps_size(graph: Graph, call: Call) -> bool:
    """Whether it is a convolution whose maps have as many places as those that it reads."""
    if not is_convolution(call.operation) or len(call.inputs) != 1:
        return False
    return graph.shape(call.inputs[0])[1:-1] == call.shapes[0][1:-1]
