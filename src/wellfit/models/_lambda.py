"""Copies of `Lambda` layers: code that is already in memory is shared, never read from a configuration."""

from __future__ import annotations

import inspect
from typing import Any

import keras


def copied_lambda(layer: keras.layers.Lambda, name: str = "") -> keras.layers.Lambda:
    """Return a layer with the very function of another one; Keras refuses to build it from its config.

    Args:
        layer: the layer.
        name: of the copy; the same if empty.

    Example:
        >>> copy = copied_lambda(keras.layers.Lambda(abs, name="size"))
        >>> copy.name, copy.function is abs
        ('size', True)
    """
    code = {"function": layer.function, "arguments": layer.arguments, "mask": layer.mask}
    known = inspect.signature(keras.layers.Layer.__init__).parameters
    rest = {key: value for key, value in keras.layers.Layer.get_config(layer).items() if key in known}
    output_shape: Any = layer._output_shape
    return keras.layers.Lambda(**code, output_shape=output_shape, **{**rest, "name": name or layer.name})


def clone_layer(layer: Any) -> Any:
    """Return a copy of any layer, as `keras.models.clone_model` makes it."""
    if isinstance(layer, keras.layers.Lambda):
        return copied_lambda(layer)
    return type(layer).from_config(layer.get_config())
