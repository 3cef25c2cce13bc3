"""Another network from the one that is given: what a `Structure` asks for, built by plain Keras."""

from __future__ import annotations

import dataclasses

import keras

from wellfit.models._layout_types import Layout
from wellfit.models._resize import resize
from wellfit.records import Structure, UnsupportedModelError


def restructured(model: keras.Model, layout: Layout, structure: Structure) -> keras.Model:
    """Return the network that a structure asks for, with new untrained weights.

    Args:
        model: the network that is given.
        layout: its layout.
        structure: what to change; `Structure()` is `model` itself.

    Raises:
        UnsupportedModelError: the network cannot be changed so.
    """
    if structure == Structure():
        return model
    rest = dataclasses.replace(structure, width=1.0, depth=0)
    if rest != Structure():
        raise UnsupportedModelError("no such structure", received=repr(rest), expected="width and depth")
    return resize(model, layout, width=structure.width, depth=structure.depth)
