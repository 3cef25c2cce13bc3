"""How float features enter: times learned factors, with periodic features beside them, categories embedded.

All of it is plain Keras, so that the network can be saved and loaded by itself. An `EinsumDense` stands where
a `Dense` could: its units are no hidden layer, which width, dropout or depth would change.

Source: Gorishniy, Rubachev and Babenko, On Embeddings for Numerical Features in Tabular Deep Learning, 2022;
Holzmüller, Grinsztajn and Steinwart, Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular
Data, 2024; Guo and Berkhahn, Entity Embeddings of Categorical Variables, 2016.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras

from wellfit.models._graph import read_graph
from wellfit.models._rebuild import Edits, rebuild
from wellfit.models._reference import embedding_size
from wellfit.models._structures._places import entrance
from wellfit.models._tabular import NUMBERS, PHASES
from wellfit.records import SettingsError, Structure, UnsupportedModelError

# RealMLP's defaults, for columns of unit scale: 16 waves a feature of frequencies drawn around zero, then 3
# features made from them. Frequencies that start much higher fit the noise.
_SIGMA = 0.1
_NUM_WAVES = 16
_NUM_MADE = 3

Groups = Sequence[Sequence[int]]
# Whose annotations leave out what functions return, and that an initializer may be an object.
ops: Any = keras.ops
_EinsumDense: Any = keras.layers.EinsumDense


def with_entrance(model: keras.Model, structure: Structure, groups: Groups = ()) -> keras.Model:
    """Return the network with float features that enter in another way.

    In this order: each feature times a factor that is learned (``input_scale``); each group of one-hot
    columns through a linear layer of its own (``category_embedding``); beside every other feature ``x`` a few
    made from ``cos(2 pi (w x + b))`` by a linear layer of that feature (``embedding``). All that is laid side
    by side in front of what read the features, whose kernels grow.

    Args:
        model: the network.
        structure: what of this is asked for.
        groups: columns of the first float input that stand for one category, one-hot, a group each.

    Raises:
        UnsupportedModelError: there is no float input ``[row, feature]``, no such columns, or what reads them
            takes no other number of columns.
        SettingsError: the groups do not fit the input.
    """
    if structure.embedding == "none":
        model, structure = _without_periodic(model), replace(structure, embedding="own")
        if structure == Structure():
            return model
    graph = read_graph(model)
    start = entrance(graph)
    if start is None:
        raise UnsupportedModelError(
            "there are no float features to embed or scale",
            received=", ".join(f"input {x.name!r} of shape {x.shape} and {x.dtype}" for x in model.inputs),
            expected="an input of floats, [row, feature]",
            fix="give the network one: keras.Input((num_features,))",
        )
    num_features = int(start.shapes[0][1] or 0)
    _check_groups(groups, num_features)
    rest = sorted(set(range(num_features)) - {column for group in groups for column in group})
    _check_columns(structure, groups, rest)

    def enter(features: Any) -> Any:
        x = _scaled(features) if structure.input_scale else features
        if structure.embedding == "own" and not structure.category_embedding:
            return x
        return keras.layers.Concatenate(name=f"{start.name}_entered")(
            _parts(x, structure, groups, rest, start.name)
        )

    try:
        return rebuild(model, Edits(continued={start.name: enter}))
    except ValueError as error:
        if hasattr(error, "summary"):
            raise
        raise UnsupportedModelError(
            "what reads the features takes no other number of them",
            received=str(error).partition("\n")[0],
            expected="layers such as Dense that are built for any number of columns",
            fix="let a Dense layer read the input",
        ) from error


def has_periodic(model: keras.Model) -> bool:
    """Return whether periodic features stand beside the numbers, as in `tabular_mlp`."""
    return {PHASES, NUMBERS} <= {layer.name for layer in model.layers}


def _without_periodic(model: keras.Model) -> keras.Model:
    """Return the network without its periodic features; what reads the numbers gets smaller kernels."""
    if not has_periodic(model):
        raise UnsupportedModelError(
            "there are no periodic features to take out",
            received=f"model {model.name!r}",
            expected="a network of `tabular_mlp`",
            fix="leave embedding at 'own'",
        )
    return rebuild(model, Edits(passed={NUMBERS: 0}))


def _scaled(features: Any) -> Any:
    num_features = features.shape[-1]
    scale = _EinsumDense(
        "bf,f->bf",
        output_shape=(num_features,),
        kernel_initializer="ones",
        name=f"{_name(features)}_scale",
    )
    return scale(features)


def _parts(x: Any, structure: Structure, groups: Groups, rest: Sequence[int], name: str) -> list[Any]:
    """Return what is laid side by side: the columns as they are, embedded categories, periodic features."""
    embedded = groups if structure.category_embedding else ()
    plain = sorted(set(range(x.shape[-1])) - {column for group in embedded for column in group})
    parts = [_columns(x, plain)] if plain else []
    parts += [_embedded(_columns(x, g), f"{name}_category{n}") for n, g in enumerate(embedded, start=1)]
    if structure.embedding == "periodic":
        parts.append(_periodic(_columns(x, rest), name))
    return parts


def _columns(x: Any, columns: Sequence[int]) -> Any:
    """Return some columns of a tensor; runs of them are sliced, as that has the cheaper gradient."""
    if list(columns) == list(range(x.shape[-1])):
        return x
    numbered = enumerate(columns)
    runs = [[c for _, c in run] for _, run in itertools.groupby(numbered, lambda pair: pair[1] - pair[0])]
    slices = [x[:, run[0] : run[-1] + 1] for run in runs]
    return slices[0] if len(slices) == 1 else ops.concatenate(slices, axis=1)


def _embedded(columns: Any, name: str) -> Any:
    size = embedding_size(columns.shape[-1])
    spread = 1 / math.sqrt(size)
    layer = _EinsumDense(
        "bc,ck->bk",
        output_shape=(size,),
        kernel_initializer=keras.initializers.RandomUniform(-spread, spread),
        name=name,
    )
    return layer(columns)


def _periodic(features: Any, name: str) -> Any:
    """Return ``[row, made]`` features: of each x a linear layer over cos(2 pi (w x + b))."""
    num_features = features.shape[-1]
    spread = 1 / math.sqrt(_NUM_WAVES)
    waves = _EinsumDense(
        "bf,fk->bfk",
        output_shape=(num_features, _NUM_WAVES),
        bias_axes="fk",
        kernel_initializer=keras.initializers.RandomNormal(stddev=2 * math.pi * _SIGMA),
        bias_initializer=keras.initializers.RandomUniform(-math.pi, math.pi),
        name=f"{name}_frequencies",
    )
    made = _EinsumDense(
        "bfk,fkd->bfd",
        output_shape=(num_features, _NUM_MADE),
        bias_axes="fd",
        kernel_initializer=keras.initializers.RandomUniform(-spread, spread),
        bias_initializer=keras.initializers.RandomUniform(-spread, spread),
        name=f"{name}_waves",
    )
    return keras.layers.Flatten(name=f"{name}_periodic")(made(ops.cos(waves(features))))


def _check_groups(groups: Groups, num_features: int) -> None:
    columns = [column for group in groups for column in group]
    if len(set(columns)) == len(columns) and all(0 <= column < num_features for column in columns):
        return
    raise SettingsError(
        "groups of columns do not fit the network's input",
        received=f"columns {columns}",
        expected=f"each of 0 to {num_features - 1} in one group at most",
    )


def _check_columns(structure: Structure, groups: Groups, rest: Sequence[int]) -> None:
    if structure.category_embedding and not groups:
        raise UnsupportedModelError(
            "there are no categories to embed",
            received="no group of one-hot columns",
            expected="a category column of five values or more, encoded one-hot",
            fix="leave category_embedding off",
        )
    if structure.embedding == "periodic" and not rest:
        raise UnsupportedModelError(
            "there are no numbers to embed",
            received="one-hot columns alone",
            expected="at least one numeric column",
            fix='leave embedding at "own"',
        )


def _name(tensor: Any) -> str:
    return str(tensor._keras_history.operation.name)
