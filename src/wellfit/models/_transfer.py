"""Weights that go from one network to another, layer by layer, by name."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from wellfit.models._chosen_layers import by_path, leaves
from wellfit.models._graph import check_model
from wellfit.models._probe import weight_values
from wellfit.models._rebuild import assign
from wellfit.models._weights_file import LayerWeights, read_weights
from wellfit.records import UnsupportedModelError


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """What became of the weights of a network.

    Attributes:
        copied: layers that got their weights.
        mismatched: (layer, shapes there, shapes here) of layers that do not fit; they keep their own weights.
        missing: layers that the other network does not have; they keep their own.
        unused: layers of the other network that this one does not have.
    """

    copied: tuple[str, ...]
    mismatched: tuple[tuple[str, str, str], ...]
    missing: tuple[str, ...]
    unused: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as text, a line for each kind."""
        lines = [f"weights of {len(self.copied)} layers copied"]
        lines += [
            f"{name}: {there} there, {here} here, kept as it was" for name, there, here in self.mismatched
        ]
        lines += [f"not there: {', '.join(self.missing)}"] if self.missing else []
        lines += [f"not used: {', '.join(self.unused)}"] if self.unused else []
        return "\n".join(lines)


def transfer_weights(source: keras.Model | str | os.PathLike[str], target: keras.Model) -> Transfer:
    """Give a network the weights of another one, wherever layers of one name have weights of equal shapes.

    Nested models are opened on both sides, so that a backbone inside a model fits the same one by itself.
    Where layers of several nested models have one name, they are told by their paths, ``model/layer``; each
    gets the weights at its path, else those of the one layer of that name.

    Args:
        source: a built network, which stays as it is; or a file: ``.h5`` of Keras 2 or 3 (a whole network or
            weights alone), ``.weights.h5`` or ``.keras``. Nothing of a file is run or built; its arrays are
            read.
        target: a built network, which is changed.

    Returns:
        What was copied, and what was not and why.

    Raises:
        SettingsError: source or target is neither a network nor, for the source, a path.
        UnsupportedModelError: no layer fits at all; nothing was changed.
        ModelLoadError: the file is missing, damaged, or does not name its layers.

    Example:
        >>> def network(classes):
        ...     return keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, name="body"),
        ...                              keras.layers.Dense(classes, name="head")])
        >>> print(transfer_weights(network(10), network(2)))
        weights of 1 layers copied
        head: (8, 10), (10,) there, (8, 2), (2,) here, kept as it was

    Source:
        Yosinski et al., How Transferable Are Features in Deep Neural Networks?, 2014.
    """
    check_model(target)
    own = _named(target)
    given = _given(source, [leaf.name for _, leaf in leaves(target)])
    there = {name: _key(name, given) for name in own}
    both = [name for name in own if there[name] in given]
    fitting = [name for name in both if _fits(given[there[name]], own[name])]
    if not fitting:
        label = source.name if isinstance(source, keras.Model) else Path(source).name
        raise UnsupportedModelError(
            f"no layer of {label!r} fits {target.name!r}",
            received=f"layers {', '.join(list(given)[:5])} for {', '.join(list(own)[:5])}",
            expected="layers of equal names and shapes on both sides",
            fix="give the layers of the new network the names of those whose weights they shall have",
        )
    for name in fitting:
        assign(own[name], _ordered(given[there[name]], own[name]))
    return Transfer(
        copied=tuple(fitting),
        mismatched=tuple(
            (name, _shown_given(given[there[name]]), _shown(_shapes(own[name])))
            for name in both
            if name not in fitting
        ),
        missing=tuple(name for name in own if name not in both),
        unused=tuple(name for name in given if name not in there.values()),
    )


def _given(source: Any, known: Sequence[str]) -> dict[str, LayerWeights]:
    if isinstance(source, str | os.PathLike):
        return read_weights(Path(source), known)
    check_model(source)
    return {
        name: LayerWeights(
            values=tuple(weight_values(leaf)), names=tuple(variable.name for variable in leaf.weights)
        )
        for name, leaf in _named(source).items()
    }


def _named(model: keras.Model) -> dict[str, Any]:
    """Return the layers with weights by name, or by path where several have that name."""
    found = {path: leaf for path, leaf in by_path(model).items() if leaf.weights}
    times = Counter(leaf.name for leaf in found.values())
    return {leaf.name if times[leaf.name] == 1 else path: leaf for path, leaf in found.items()}


def _key(name: str, given: Mapping[str, LayerWeights]) -> str:
    return name if name in given else name.rpartition("/")[2]


def _fits(given: LayerWeights, layer: Any) -> bool:
    return given.is_sure and [value.shape for value in _ordered(given, layer)] == _shapes(layer)


def _ordered(given: LayerWeights, layer: Any) -> list[np.ndarray]:
    """Return the arrays in the order of the layer's weights: by name where names tell, else as they come."""
    names = [variable.name for variable in layer.weights]
    if len(set(names)) == len(names) and sorted(names) == sorted(given.names):
        return [given.values[given.names.index(name)] for name in names]
    return list(given.values)


def _shown_given(given: LayerWeights) -> str:
    shown = _shown([value.shape for value in given.values])
    return shown if given.is_sure else f"{shown} in parts of unknown order"


def _shapes(layer: Any) -> list[tuple[int, ...]]:
    return [tuple(variable.shape) for variable in layer.weights]


def _shown(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes))
