"""Which layers a change is for: by name, pattern, class or the layer itself, inside nested models too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

import keras

from wellfit.records import SettingsError, did_you_mean

LayerChoice = Sequence[Any] | str | type | None
"""Layers: names, patterns such as ``conv5_*``, class names, classes, or layers themselves; None for all."""


def leaves(model: keras.Model) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield every layer that is no model, with the models around it from the outside in.

    A wrapper such as `Bidirectional` is one layer; what it wraps is not yielded.
    """
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            for around, leaf in leaves(layer):
                yield (layer, *around), leaf
        else:
            yield (), layer


def by_path(model: keras.Model) -> dict[str, Any]:
    """Return every layer that is no model, by its path: ``layer``, or ``model/layer`` in a nested model."""
    return {"/".join(part.name for part in (*around, leaf)): leaf for around, leaf in leaves(model)}


def chosen_layers(model: keras.Model, layers: LayerChoice, exclude: LayerChoice) -> frozenset[int]:
    """Return identities of the layers that a change is for; a model stands for all layers inside it.

    Raises:
        SettingsError: something stands for no layer of the model.
    """
    wanted, unwanted = _patterns(layers), _patterns(exclude)
    found: set[int] = set()
    used: set[int] = set()
    for around, leaf in leaves(model):
        parts = [*around, *leaf._flatten_layers()]
        is_in = layers is None
        for pattern in wanted:
            if any(_matches(pattern, part) for part in parts):
                used.add(id(pattern))
                is_in = True
        for pattern in unwanted:
            if any(_matches(pattern, part) for part in parts):
                used.add(id(pattern))
                is_in = False
        if is_in:
            found.add(id(leaf))
    unknown = [pattern for pattern in (*wanted, *unwanted) if id(pattern) not in used]
    if unknown:
        names = [part.name for around, leaf in leaves(model) for part in (*around, leaf)]
        shown = [_shown(pattern) for pattern in unknown]
        raise SettingsError(
            f"model {model.name!r} has no such layer.",
            received=", ".join(shown),
            expected="names, patterns such as 'conv5_*', or classes of its layers",
            fix=did_you_mean(shown[0], names) or f"its layers are {', '.join(names[:8])}, ...",
        )
    return frozenset(found)


def _patterns(choice: LayerChoice) -> list[Any]:
    if choice is None:
        return []
    if isinstance(choice, str | type | keras.layers.Layer):
        return [choice]
    if isinstance(choice, Iterable):
        return list(choice)
    raise SettingsError(
        "this does not stand for layers.",
        received=f"an object of type {type(choice).__name__}",
        expected="names, patterns such as 'conv5_*', classes or layers; one, or a list of them",
    )


def _matches(pattern: Any, layer: Any) -> bool:
    if isinstance(pattern, str):
        return fnmatchcase(layer.name, pattern) or type(layer).__name__ == pattern
    if isinstance(pattern, type):
        return isinstance(layer, pattern)
    return layer is pattern


def _shown(pattern: Any) -> str:
    if isinstance(pattern, str):
        return pattern
    return pattern.__name__ if isinstance(pattern, type) else str(getattr(pattern, "name", pattern))
