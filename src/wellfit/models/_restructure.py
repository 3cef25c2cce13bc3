"""Another network from the one that is given: what a `Structure` asks for, built by plain Keras."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras

from wellfit.models._freeze import freeze
from wellfit.models._graph import read_graph, why_no_graph
from wellfit.models._layout_types import Layout
from wellfit.models._probe import weight_values
from wellfit.models._rebuild import Config, Edits, assign, copy_compile, rebuild
from wellfit.models._resize import resize
from wellfit.models._structures import (
    with_activation,
    with_convolutions,
    with_entrance,
    with_map_dropout,
    with_normalization,
    with_pooling,
    with_skip,
)
from wellfit.models._structures._places import float_input
from wellfit.records import Structure, UnsupportedModelError

Groups = Sequence[Sequence[int]]


def restructured(
    model: keras.Model, layout: Layout, structure: Structure, *, groups: Groups = ()
) -> keras.Model:
    """Return the network that a structure asks for, with new untrained weights unless stages are frozen.

    Frozen stages come alone: a network that learned before keeps its layers, and its weights.

    The changes are made in a fixed order: width and depth, pooling, skips, normalizations, activations,
    convolutions, dropout of maps, then how features enter. A skip therefore bridges a hidden layer with the
    normalization that is put into it, and layers are left out of the network as it is given. Names and
    compile settings are kept, and so is what training would not change: the values of frozen layers and of
    an adapted `Normalization`.

    Args:
        model: the network that is given, built.
        layout: its layout.
        structure: what to change; `Structure()` is `model` itself.
        groups: columns of the first float input that stand for one category, one-hot, a group each.

    Returns:
        A plain Keras network, functional where sums or features were added.

    Raises:
        UnsupportedModelError: the network cannot be changed so, or is so already.
        SettingsError: a size or the groups do not fit the network.

    Example:
        >>> from wellfit.models import find_layout
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="relu"),
        ...                           keras.layers.Dense(1)])
        >>> structure = Structure(normalization="layer", activation="silu")
        >>> other = restructured(model, find_layout(model), structure)
        >>> [type(layer).__name__ for layer in other.layers], other.layers[0].activation.__name__
        (['Dense', 'LayerNormalization', 'Dense'], 'silu')
    """
    if structure == Structure():
        return model
    by_stages = dataclasses.replace(Structure(), frozen_stages=structure.frozen_stages)
    if structure == by_stages:
        return freeze(model, structure.frozen_stages)
    if structure != Structure(width=structure.width, depth=structure.depth):
        _refuse_nested(model)
    changed = model
    if structure.width != 1 or structure.depth != 0:
        changed = resize(model, layout, width=structure.width, depth=structure.depth)
    for change in _changes(structure, groups):
        changed = change(changed)
    _keep(model, changed)
    copy_compile(model, changed)
    return changed


def with_input_width(model: keras.Model, num_features: int) -> keras.Model:
    """Return the network for another number of features, with new untrained weights.

    Whatever reads the first input of floats ``[row, feature]`` gets new kernels; other inputs stay.

    Args:
        model: the network, built.
        num_features: columns of that input.

    Raises:
        UnsupportedModelError: there is no such input, or a layer takes no other number of columns.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> with_input_width(model, 5).input_shape
        (None, 5)
    """
    reason = why_no_graph(model)
    start = None if reason else float_input(read_graph(model))
    if start is None:
        raise UnsupportedModelError(
            "this network cannot take another number of features",
            received=reason or "no input of floats, [row, feature]",
            expected="a built Sequential or functional model with such an input",
            fix="write it with keras.Sequential or keras.Model(inputs, outputs)",
        )
    try:
        old = start.operation.output.shape[-1]
        widths = {start.name: num_features}
        changed = rebuild(model, Edits(change=_for_each_feature(old, num_features), input_widths=widths))
    except ValueError as error:
        if hasattr(error, "summary"):
            raise
        raise UnsupportedModelError(
            f"this network cannot take {num_features} features",
            received=str(error).partition("\n")[0],
            expected="layers such as Dense that are built for any number of columns",
            fix="let a Dense layer read the input",
        ) from error
    _keep(model, changed)
    copy_compile(model, changed)
    return changed


def _for_each_feature(old: int, new: int) -> Callable[[Any, Config], Config]:
    """Return how a layer that holds something for each feature, ``"bf,fk->bfk"``, becomes one for others."""

    def change(layer: Any, config: Config) -> Config:
        if not isinstance(layer, keras.layers.EinsumDense):
            return config
        inputs, _, output = config["equation"].replace("->", ",").split(",")
        sizes = config["output_shape"]
        sizes = [sizes] if isinstance(sizes, int) else list(sizes)
        for place, label in enumerate(output[len(output) - len(sizes) :]):
            if label in inputs and sizes[place] == old:
                sizes[place] = new
        return {**config, "output_shape": tuple(sizes)}

    return change


def _changes(structure: Structure, groups: Groups) -> list[Callable[[keras.Model], keras.Model]]:
    """Return the changes beyond width and depth, in their order."""
    normalization, activation, skip = structure.normalization, structure.activation, structure.skip
    convolutions = structure.convolutions
    entered = dataclasses.replace(
        Structure(),
        input_scale=structure.input_scale,
        embedding=structure.embedding,
        category_embedding=structure.category_embedding,
    )
    found: list[Callable[[keras.Model], keras.Model]] = []
    if structure.pooling == "average":
        found.append(with_pooling)
    if skip != "own":
        found.append(lambda model: with_skip(model, on=skip == "on"))
    if normalization != "own":
        found.append(lambda model: with_normalization(model, normalization))
    if activation != "own":
        found.append(lambda model: with_activation(model, activation))
    if convolutions != "own":
        found.append(lambda model: with_convolutions(model, convolutions))
    if structure.map_dropout:
        found.append(lambda model: with_map_dropout(model, structure.map_dropout))
    if entered != Structure():
        found.append(lambda model: with_entrance(model, entered, groups))
    return found


def _refuse_nested(model: keras.Model) -> None:
    nested = [layer.name for layer in model.layers if isinstance(layer, keras.Model)]
    if nested:
        raise UnsupportedModelError(
            "the layers inside a nested model cannot be exchanged",
            received=f"model {nested[0]!r} as a layer",
            expected="a network of plain layers",
            fix="call the layers of the nested model one by one",
        )


def _keep(source: keras.Model, target: keras.Model) -> None:
    """Give frozen layers and adapted normalizations their values, in nested models as well."""
    layers = {layer.name: layer for layer in source.layers}
    for layer in target.layers:
        own: Any = layers.get(layer.name)
        if own is None or not own.weights:
            continue
        if own.trainable and isinstance(own, keras.Model) and isinstance(layer, keras.Model):
            _keep(own, layer)
        elif not own.trainable or isinstance(own, keras.layers.Normalization):
            _take_over(own, layer)


def _take_over(own: Any, layer: Any) -> None:
    shapes = [[tuple(weight.shape) for weight in one.weights] for one in (own, layer)]
    if shapes[0] != shapes[1]:
        raise UnsupportedModelError(
            f"layer {own.name!r} is not trained, and its values do not fit the changed network",
            received=f"weights of shapes {shapes[0]}, in place of {shapes[1]}",
            expected="layers that are trained wherever shapes change",
            fix=f"let '{own.name}' be trained, or leave the network as it is",
        )
    assign(layer, weight_values(own))
