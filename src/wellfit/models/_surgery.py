"""Changes that keep a network's weights: another dropout rate, other penalties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from wellfit.models._kinds import is_dropout
from wellfit.models._layout import find_layout
from wellfit.models._points import dropout_points
from wellfit.models._rebuild import Config, Edits, copy_compile, copy_weights, rebuild
from wellfit.records import SettingsError

MAX_RATE = 0.95
"""Largest rate that scaling the network's own rates can lead to."""


def with_dropout(model: keras.Model, rate: float | None = None, *, scale: float = 1.0) -> keras.Model:
    """Return the network with another dropout rate at every dropout point, its weights kept.

    With `rate`, every point of `dropout_points` gets it: own layers are changed, and a `Dropout` is put
    after hidden layers that have none (not for rate 0). Without, own rates are multiplied by `scale`, up to
    `MAX_RATE`.

    Args:
        model: a built Sequential or functional model.
        rate: the rate at every point, at least 0 and below 1, or None to scale the own rates.
        scale: factor on the own rates; used where `rate` is None.

    Returns:
        A plain Keras network with the same predictions in inference mode, compiled as `model` was.

    Raises:
        SettingsError: the rate or the factor is out of range.
        UnsupportedModelError: the network cannot be rebuilt.
    """
    if rate is not None and not 0 <= rate < 1:
        raise SettingsError("dropout is out of range", received=f"rate={rate}", expected="0 <= rate < 1")
    if not scale >= 0:
        raise SettingsError("dropout scale is out of range", received=f"scale={scale}", expected="at least 0")

    def change(layer: Any, config: Config) -> Config:
        if not is_dropout(layer):
            return config
        return {**config, "rate": rate if rate is not None else scaled_rate(layer.rate, scale)}

    points = dropout_points(model, find_layout(model))
    open_ends = [point.layer for point in points if point.own_rate is None] if rate else []
    changed = rebuild(
        model, Edits(change=change, inserted={name: _dropout(name, rate) for name in open_ends})
    )
    copy_weights(model, changed)
    copy_compile(model, changed)
    return changed


def scaled_rate(rate: float, scale: float) -> float:
    """Return an own dropout rate times `scale`, up to `MAX_RATE` (or the own rate if that is larger).

    Example:
        >>> scaled_rate(0.5, 1.5), scaled_rate(0.5, 4.0)
        (0.75, 0.95)
    """
    return min(rate * scale, max(MAX_RATE, rate))


def _dropout(name: str, rate: float | None) -> Callable[[str], keras.layers.Layer]:
    return lambda suffix: keras.layers.Dropout(rate, name=f"{name}{suffix}_dropout")
