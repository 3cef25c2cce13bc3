"""What becomes of dropout in a network: rates that change, layers that are put in or taken out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras

from wellfit.models._chosen_layers import leaves
from wellfit.models._dropout_places import (
    inner_dropouts,
    is_spatial,
    map_places,
    own_dropouts,
    spatial_dropout,
    unit_places,
)


@dataclass(frozen=True, kw_only=True)
class Drops:
    """What becomes of dropout.

    Attributes:
        rates: identity of a layer to its new rate.
        inserted: path of a layer to what makes the dropout after it.
        passed: path of a dropout layer that is taken out to 0, its only input.
        moved: (path, old rate, new rate) of layers that were there.
        inner: (path, rate) of layers that drop inside, which stay as they are.
    """

    rates: Mapping[int, float]
    inserted: Mapping[str, Callable[[str], keras.layers.Layer]]
    passed: Mapping[str, int]
    moved: tuple[tuple[str, float, float], ...]
    inner: tuple[tuple[str, float], ...] = ()

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
        inner = () if rate is None else tuple(inner_dropouts(model))
        return cls(rates=rates, inserted=inserted, passed=passed, moved=tuple(moved), inner=inner)

    def told(self) -> list[str]:
        """Return in words what became of dropout."""
        lines = []
        for path, old, new in self.moved:
            lines.append(
                f"dropout {path}: {old:g} -> {new:g}" if new else f"dropout {path} ({old:g}): removed"
            )
        lines += [f"dropout inside {path} ({rate:g}): stays as it is" for path, rate in self.inner]
        if self.inserted:
            paths = list(self.inserted)
            shown = ", ".join(paths[:4]) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")
            lines.append(f"dropout put after {shown}")
        return lines


def _holds(layer: Any, on: frozenset[int]) -> bool:
    """Whether a nested model holds a chosen layer: what it puts out may be dropped."""
    return isinstance(layer, keras.Model) and any(id(leaf) in on for _, leaf in leaves(layer))


def _unit_dropout(name: str, rate: float) -> Callable[[str], keras.layers.Layer]:
    return lambda suffix: keras.layers.Dropout(rate, name=f"{name}{suffix}_dropout")


def _map_dropout(name: str, rank: int, rate: float) -> Callable[[str], keras.layers.Layer]:
    return lambda suffix: spatial_dropout(rank, rate, f"{name}{suffix}_spatial_dropout")
