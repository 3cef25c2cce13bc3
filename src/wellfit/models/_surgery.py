"""Changes that keep a network's weights: another dropout rate, other penalties."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import keras

from wellfit.models._kinds import is_dropout
from wellfit.models._layout import find_layout
from wellfit.models._points import dropout_points, hidden_ends, input_places
from wellfit.models._rebuild import Config, Edits, copy_compile, copy_weights, rebuild
from wellfit.records import SettingsError

MAX_RATE = 0.95
"""Largest rate that scaling the network's own rates can lead to."""


_KINDS: dict[str, Any] = {
    "dropout": keras.layers.Dropout,
    "gaussian": keras.layers.GaussianDropout,
    "alpha": keras.layers.AlphaDropout,
}


def with_dropout(
    model: keras.Model,
    rate: float | None = None,
    *,
    scale: float = 1.0,
    points: Collection[str] | None = None,
    kind: str = "dropout",
) -> keras.Model:
    """Return the network with another dropout rate at every dropout point, its weights kept.

    With `rate`, every point of `dropout_points` gets it: own layers are changed, and a `Dropout` is put
    after hidden layers that have none (not for rate 0). Without, own rates are multiplied by `scale`, up to
    `MAX_RATE`.

    Args:
        model: a built Sequential or functional model.
        rate: the rate at every point, at least 0 and below 1, or None to scale the own rates.
        scale: factor on the own rates; used where `rate` is None.
        points: layers of the points that `rate` is for; None for all. The others keep their own rates,
            scaled.
        kind: ``dropout``, ``gaussian`` or ``alpha``: what plain `Dropout` layers, the network's own and those
            that are put in, become.

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
        own = rate is None or not is_reached(layer.name)
        changed = {**config, "rate": scaled_rate(layer.rate, scale) if own else rate}
        if new_kind(layer) is keras.layers.GaussianDropout:
            changed.pop("noise_shape", None)
        return changed

    def is_reached(name: str) -> bool:
        return points is None or name in points

    def new_kind(layer: Any) -> Any:
        return _KINDS[kind] if type(layer) is keras.layers.Dropout else type(layer)

    known = dropout_points(model, find_layout(model))
    open_ends = [p.layer for p in known if p.own_rate is None and is_reached(p.layer)] if rate else []
    inserted = {name: _dropout(name, rate, kind) for name in open_ends}
    changed = rebuild(model, Edits(change=change, kind=new_kind, inserted=inserted))
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


def _dropout(name: str, rate: float | None, kind: str) -> Callable[[str], keras.layers.Layer]:
    return lambda suffix: _KINDS[kind](rate, name=f"{name}{suffix}_dropout")


def with_activity_penalty(model: keras.Model, l2: float) -> keras.Model:
    """Return the network with a penalty on the squared outputs of its hidden layers, its weights kept.

    An `ActivityRegularization` layer, which changes nothing else, is put behind each of `hidden_ends`.

    Args:
        model: a built Sequential or functional model.
        l2: strength times the sum of squares, a row.

    Raises:
        UnsupportedModelError: the network cannot be rebuilt.
    """
    ends = hidden_ends(model, find_layout(model))

    def made(name: str) -> Callable[[str], keras.layers.Layer]:
        return lambda suffix: keras.layers.ActivityRegularization(l2=l2, name=f"{name}{suffix}_activity")

    return _inserted(model, {name: made(name) for name in ends})


def with_input_noise(model: keras.Model, *, noise: float = 0.0, dropout: float = 0.0) -> keras.Model:
    """Return the network with Gaussian noise and then dropout on its inputs, its weights kept.

    Inputs that are no real numbers are left alone; an adapted `Normalization` comes before the noise.

    Args:
        model: a built Sequential or functional model.
        noise: standard deviation; 0 for none.
        dropout: share of the inputs that are zero; 0 for none.

    Raises:
        UnsupportedModelError: the network cannot be rebuilt.
    """
    places = input_places(model)
    own = [tensor._keras_history.operation.name for tensor in getattr(model, "inputs", None) or ()]
    names = [place or name for place, name in zip(places, own, strict=False) if place is not None]
    kinds: list[tuple[str, Any, float]] = [
        ("dropout", keras.layers.Dropout, dropout),
        ("noise", keras.layers.GaussianNoise, noise),
    ]
    # What is put in last stands right behind the input.
    for suffix, kind, strength in kinds:
        if strength:
            made = {name: _layer(kind, strength, f"{name}_input_{suffix}") for name in names}
            model = _inserted(model, made)
    return model


def _layer(kind: Any, strength: float, name: str) -> Callable[[str], keras.layers.Layer]:
    return lambda suffix: kind(strength, name=f"{name}{suffix}")


def _inserted(model: keras.Model, made: dict[str, Callable[[str], keras.layers.Layer]]) -> keras.Model:
    changed = rebuild(model, Edits(inserted=made))
    copy_weights(model, changed)
    copy_compile(model, changed)
    return changed
