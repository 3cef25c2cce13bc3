"""How the weights of a network start, read from the very initializers that Keras used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from wellfit.records import UnsupportedModelError

Config = dict[str, Any]


@contextmanager
def noted_initializers() -> Iterator[Callable[[keras.Model], dict[int, Any]]]:
    """Let networks made inside keep the initializer of every variable until the end of the block.

    Yields a function from a network to its initializers by identity of the variable. In a stateless scope
    Keras puts the making of values off, and a variable remembers how; after it, all have their values.
    Reading a layer's ``kernel_initializer`` instead would miss recurrent and depthwise kernels, an LSTM's
    bias and custom layers, which name theirs otherwise.
    """
    with keras.StatelessScope():
        yield lambda model: {id(variable): variable._initializer for variable in model.variables}


@contextmanager
def uncompiled(model: keras.Model) -> Iterator[None]:
    """Let a network be cloned without its optimizer, whose variables no stateless scope can hold."""
    compiled = [part for part in model._flatten_layers() if getattr(part, "compiled", False)]
    try:
        for part in compiled:
            part.compiled = False
        yield
    finally:
        for part in compiled:
            part.compiled = True


def initializer_config(initializer: Any) -> Config | None:
    """Return class name and arguments of an initializer object, or None for a function."""
    if not hasattr(initializer, "get_config"):
        return None
    return {"class_name": type(initializer).__name__, "config": initializer.get_config()}


def starting_value(
    initializer: Any, path: str, shape: tuple[int, ...], dtype: str
) -> Callable[[int], np.ndarray]:
    """Return what gives a variable's initial value for a seed.

    Args:
        initializer: Keras' initializer, an own one, or a function of shape and dtype.
        path: the variable's, for the message of an error.
        shape: the variable's.
        dtype: the variable's.

    Returns:
        A function of a seed, which raises UnsupportedModelError where the numbers cannot be repeated.
    """

    def value(seed: int) -> np.ndarray:
        config = initializer.get_config() if hasattr(initializer, "get_config") else {}
        if "seed" in config:
            seeded = type(initializer).from_config({**config, "seed": seed})
            return np.asarray(seeded(shape, dtype=dtype), dtype)
        first, second = (np.asarray(initializer(shape, dtype=dtype), dtype) for _ in range(2))
        if not np.array_equal(first, second, equal_nan=True):
            raise UnsupportedModelError(
                f"the initializer of '{path}' draws numbers that no seed repeats, so members cannot differ"
                " by seed alone.",
                received=getattr(initializer, "__name__", type(initializer).__name__),
                expected="one of keras.initializers, or one with a `seed` in its get_config()",
                fix="use a Keras initializer there",
            )
        return first

    return value
