"""What becomes of dropout in a network: rates that change, layers that are put in or taken out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras

from wellfit.models._chosen_layers import by_path, leaves
from wellfit.models._dropout_places import (
    inner_dropouts,
    is_spatial,
    map_places,
    own_dropouts,
    spatial_dropout,
    unit_places,
)
from wellfit.models._kinds import DROPOUT_NAMES
from wellfit.models._rebuild import Config


@dataclass(frozen=True, kw_only=True)
class Drops:
    """What becomes of dropout.

    Attributes:
        rates: identity of a layer to its new rate.
        inserted: path of a layer to what makes the dropout after it.
        passed: path of a dropout layer that is taken out to 0, its only input.
        moved: (path, old rate, new rate) of layers that were there.
        inner: (path, rate) of chosen layers that drop inside, as they are now.
        inside: identities of these layers.
        inner_rate: what they shall drop inside; what a layer's settings do not say stays as it is.
    """

    rates: Mapping[int, float]
    inserted: Mapping[str, Callable[[str], keras.layers.Layer]]
    passed: Mapping[str, int]
    moved: tuple[tuple[str, float, float], ...]
    inner: tuple[tuple[str, float], ...] = ()
    inside: frozenset[int] = frozenset()
    inner_rate: float = 0.0

    @classmethod
    def plan(
        cls, model: keras.Model, rate: float | None, spatial_rate: float | None, on: frozenset[int]
    ) -> Drops:
        """Return what to do for the rates that were asked for, at the chosen layers."""
        rates: dict[int, float] = {}
        inserted: dict[str, Callable[[str], keras.layers.Layer]] = {}
        passed: dict[str, int] = {}
        moved: list[tuple[str, float, float]] = []
        for path, layer in own_dropouts(model):
            new = spatial_rate if is_spatial(layer) else rate
            if new is None or id(layer) not in on:
                continue
            moved.append((path, float(layer.rate), new))
            if new:
                rates[id(layer)] = new
            else:
                passed[path] = 0
        if rate:
            for place in unit_places(model):
                if id(place.layer) in on or _holds(place.layer, on):
                    inserted[place.path] = _unit_dropout(place.layer.name, rate)
        if spatial_rate:
            for place in map_places(model):
                # What is no layer, such as ``x + y``, is neither chosen nor left out.
                is_layer = isinstance(place.layer, keras.layers.Layer)
                if place.path not in inserted and (not is_layer or id(place.layer) in on):
                    inserted[place.path] = _map_dropout(place.layer.name, place.rank, spatial_rate)
        held = by_path(model)
        inner = () if rate is None else tuple(inner_dropouts(model))
        inner = tuple((path, own) for path, own in inner if id(held[path]) in on)
        return cls(
            rates=rates,
            inserted=inserted,
            passed=passed,
            moved=tuple(moved),
            inner=inner,
            inside=frozenset(id(held[path]) for path, _ in inner),
            inner_rate=rate or 0.0,
        )

    def put(self, layer: Any, config: Config) -> Config:
        """Return the config of a layer with the dropout that was asked for."""
        if id(layer) in self.rates:
            return {**config, "rate": self.rates[id(layer)]}
        return _with_rate(config, self.inner_rate) if id(layer) in self.inside else config

    def told(self, changed: keras.Model) -> list[str]:
        """Return in words what became of dropout.

        Args:
            changed: the network with these changes.
        """
        lines = []
        for path, old, new in self.moved:
            lines.append(
                f"dropout {path}: {old:g} -> {new:g}" if new else f"dropout {path} ({old:g}): removed"
            )
        now = dict(inner_dropouts(changed)) if self.inner else {}
        lines += [_told_inside(path, old, now.get(path, 0.0), self.inner_rate) for path, old in self.inner]
        if self.inserted:
            paths = list(self.inserted)
            shown = ", ".join(paths[:4]) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")
            lines.append(f"dropout put after {shown}")
        return lines


def _with_rate(config: Any, rate: float) -> Any:
    """Return a config in which all that drops, in the layer and in layers inside, has `rate`."""
    if isinstance(config, list | tuple):
        return type(config)(_with_rate(one, rate) for one in config)
    if not isinstance(config, dict):
        return config
    changed = {name: _with_rate(value, rate) for name, value in config.items()}
    for name in ("dropout", "recurrent_dropout"):
        if isinstance(config.get(name), int | float) and config[name]:
            changed[name] = rate
    if config.get("class_name") in DROPOUT_NAMES:
        changed["config"] = {**changed["config"], "rate": rate}
    return changed


def _told_inside(path: str, old: float, now: float, wanted: float) -> str:
    if now != wanted:
        return f"dropout inside {path} ({old:g}): stays as it is"
    return (
        f"dropout inside {path}: {old:g} -> {now:g}" if now else f"dropout inside {path} ({old:g}): removed"
    )


def _holds(layer: Any, on: frozenset[int]) -> bool:
    """Whether a nested model holds a chosen layer: what it puts out may be dropped."""
    return isinstance(layer, keras.Model) and any(id(leaf) in on for _, leaf in leaves(layer))


def _unit_dropout(name: str, rate: float) -> Callable[[str], keras.layers.Layer]:
    return lambda suffix: keras.layers.Dropout(rate, name=f"{name}{suffix}_dropout")


def _map_dropout(name: str, rank: int, rate: float) -> Callable[[str], keras.layers.Layer]:
    return lambda suffix: spatial_dropout(rank, rate, f"{name}{suffix}_spatial_dropout")
