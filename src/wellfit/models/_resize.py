"""Narrower, wider, shallower and deeper networks, and how a masked network's weights get into them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from wellfit.models._layout_types import Axis, DepthBlock, Layout
from wellfit.models._rebuild import Config, Edits, assign, copy_compile, rebuild
from wellfit.records import SettingsError, did_you_mean

Width = float | Sequence[int] | Mapping[str, int]
"""A factor on all groups, the units of each group in order, or of some groups by name."""


def group_units(layout: Layout, width: Width) -> tuple[int, ...]:
    """Return how many units each width group has at `width`: the size times the factor, rounded, at least 1.

    Args:
        layout: the network's layout.
        width: a factor above 0, the units of every group, or a mapping from group names to units.

    Example:
        >>> from wellfit.models import WidthGroup
        >>> group_units(Layout(groups=(WidthGroup(name="dense", size=5, layers=("dense",)),)), 0.5)
        (3,)
    """
    sizes = [group.size for group in layout.groups]
    if isinstance(width, Mapping):
        _check_names(layout, width)
        units = [int(width.get(group.name, group.size)) for group in layout.groups]
    elif isinstance(width, Sequence):
        units = [int(count) for count in width]
    else:
        if not width > 0 or not math.isfinite(width):
            raise SettingsError("width must be above 0", received=f"width={width}", expected="0.5 for half")
        units = [max(1, math.floor(size * width + 0.5)) for size in sizes]
    if len(units) != len(sizes) or any(count < 1 for count in units):
        raise SettingsError(
            "width does not fit the network",
            received=f"units {units}",
            expected=f"{len(sizes)} numbers of at least 1, for groups of {sizes}",
        )
    return tuple(units)


def last_blocks(layout: Layout, count: int) -> tuple[DepthBlock, ...]:
    """Return the last `count` removable blocks: what ``depth=-count`` takes out.

    Raises:
        SettingsError: there are fewer.
    """
    removable = [block for block in layout.blocks if block.removable]
    if count > len(removable):
        raise SettingsError(
            f"cannot take {count} hidden layers or blocks out of this network",
            received=f"depth=-{count}",
            expected=f"at most {len(removable)}",
            fix=f"use depth=-{len(removable)} or more",
        )
    return tuple(removable[len(removable) - count :])


def resize(model: keras.Model, layout: Layout, *, width: Width = 1.0, depth: int = 0) -> keras.Model:
    """Return a network of another size, built by plain Keras, with new untrained weights.

    Names, activations, regularizers, dtype policies and compile settings are kept.

    Args:
        model: a built Sequential or functional model.
        layout: its layout.
        width: a factor on the units of every hidden layer, or units by group.
        depth: hidden layers (or residual blocks) more or fewer; -1 leaves out the last one, 1 repeats it.

    Returns:
        The new network; `narrow` gives it the weights of a masked one.

    Raises:
        SettingsError: the network has not that many layers to take out, or none to repeat.
        UnsupportedModelError: a layer cannot be cloned.
    """
    units = group_units(layout, width)
    sizes = {name: units[index] for index, group in enumerate(layout.groups) for name in group.layers}

    def change(layer: Any, config: Config) -> Config:
        size = "filters" if "filters" in config else "units"
        return {**config, size: sizes[layer.name]} if layer.name in sizes else config

    edits = Edits(
        change=change,
        removed=last_blocks(layout, -depth) if depth < 0 else (),
        repeated=(_block_to_repeat(layout), depth) if depth > 0 else None,
    )
    try:
        resized = rebuild(model, edits)
    except ValueError as error:
        if isinstance(error, SettingsError) or hasattr(error, "summary"):
            raise
        raise SettingsError(
            "a network of this size does not fit together",
            received=f"width={width}, depth={depth}: {str(error).partition(chr(10))[0]}",
            fix="change width and depth one at a time",
        ) from error
    copy_compile(model, resized)
    return resized


def slice_weights(
    layout: Layout, full_weights: Sequence[Any], units: Sequence[int]
) -> tuple[NDArray[np.generic], ...]:
    """Return the weights of the narrower network: the first units of each group, on every axis.

    Args:
        layout: of the full network.
        full_weights: one array for each entry of its ``model.weights``.
        units: units of each group, at most its size.

    Returns:
        One array for each entry of `full_weights`.
    """
    if any(count > group.size for count, group in zip(units, layout.groups, strict=True)):
        raise SettingsError(
            "only a narrower network can take these weights over",
            received=f"units {tuple(units)}",
            expected=f"at most {tuple(group.size for group in layout.groups)}",
        )
    return tuple(
        _take(np.asarray(value), variable.axes, units)
        for variable, value in zip(layout.variables, full_weights, strict=True)
    )


def narrow(
    model: keras.Model,
    layout: Layout,
    full_weights: Sequence[Any],
    *,
    width: Width = 1.0,
    depth: int = 0,
) -> keras.Model:
    """Return the smaller network that a masked and gated one stands for, with its weights.

    Args:
        model: the full network (its own weights are not read).
        layout: its layout.
        full_weights: the masked network's weights, in the order of ``model.weights``.
        width: as in `resize`, no larger than the network.
        depth: 0 or fewer.

    Raises:
        SettingsError: the network would be larger.
    """
    if depth > 0:
        raise SettingsError("a deeper network has weights of its own", received=f"depth={depth}")
    units = group_units(layout, width)
    small = slice_weights(layout, full_weights, units)
    resized = resize(model, layout, width=units, depth=depth)
    by_layer: dict[str, list[NDArray[np.generic]]] = {}
    for variable, value in zip(layout.variables, small, strict=True):
        by_layer.setdefault(variable.layer, []).append(value)
    for layer in resized.layers:
        assign(layer, by_layer.get(layer.name, []))
    return resized


def narrowing_indices(axis: Axis, size: int, units: Sequence[int]) -> NDArray[np.intp]:
    """Return ``[unit]``: which positions of an axis are kept when each group has the given units.

    Example:
        >>> from wellfit.models import Segment
        >>> narrowing_indices((Segment(0, 3), Segment(None, 2)), 5, [1])
        array([0, 3, 4])
    """
    if axis is None:
        return np.arange(size)
    kept: list[NDArray[np.intp]] = []
    start = 0
    for segment in axis:
        count = segment.size if segment.group is None else units[segment.group]
        kept.append(np.arange(start, start + count))
        start += segment.size
    return np.concatenate(kept)


def _take(value: NDArray[np.generic], axes: Sequence[Axis], units: Sequence[int]) -> NDArray[np.generic]:
    for position, axis in enumerate(axes):
        if axis is not None:
            value = np.take(value, narrowing_indices(axis, value.shape[position], units), axis=position)
    return value


def _block_to_repeat(layout: Layout) -> DepthBlock:
    if not layout.blocks:
        raise SettingsError(
            "this network has no hidden layer to repeat",
            received=layout.reason or "no hidden Dense layer or residual block",
            fix="add a hidden layer",
        )
    return layout.blocks[-1]


def _check_names(layout: Layout, width: Mapping[str, int]) -> None:
    known = [group.name for group in layout.groups]
    for name in width:
        if name not in known:
            raise SettingsError(
                f"no width group {name!r}",
                received=name,
                expected=f"one of {known}",
                fix=did_you_mean(name, known),
            )
