"""Data before drawing: the experiment behind a finding as a small figure, where its evidence has numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wellfit.records import Finding
from wellfit.report._diagnosis_words import effect_sentence, readable, share_interval
from wellfit.report._figures import ForestFigure, ForestRow, forest_axis
from wellfit.report._line_figures import Line, LinesFigure
from wellfit.report._numbers import number
from wellfit.report._summary import reading
from wellfit.report._words import clean, plain

MOST_BARS = 8
_BESIDE_LOSSES = ("chance", "best", "penalty")


@dataclass(frozen=True, kw_only=True)
class BarsFigure:
    """Losses side by side, as bars from zero.

    Attributes:
        label: what is measured.
        names: of the bars, from top to bottom.
        values: how long they are; positive.
        description: the figure in words.
    """

    label: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    description: str


def data_figure(finding: Finding) -> LinesFigure | BarsFigure | None:
    """Return the losses that the experiment of a finding gave, or None where its evidence holds none.

    Example:
        >>> finding = Finding(code="leakage", confidence=0.9,
        ...                   evidence={"loss_on_copies": 0.1, "loss_on_others": 0.5})
        >>> data_figure(finding).values
        (0.1, 0.5)
    """
    for name, value in finding.evidence.items():
        if isinstance(value, Mapping) and (found := _numbers(value)):
            return _by_share(found) or _bars(readable(name), found)
    losses = {
        name: value for name, value in finding.evidence.items() if "loss" in name or name in _BESIDE_LOSSES
    }
    return _bars("loss", _numbers(losses))


def _numbers(values: Mapping[Any, object]) -> dict[str, float]:
    """Return what can be a bar, by name; empty where there is nothing to compare."""
    known: dict[str, float] = {}
    for name, value in values.items():
        try:
            amount = float(value) if not isinstance(value, (bool, str)) else math.nan  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
        if math.isfinite(amount) and amount >= 0:
            known[clean(str(name))] = amount
    return known if len(known) > 1 and max(known.values()) > 0 else {}


def _by_share(values: dict[str, float]) -> LinesFigure | None:
    """Return losses over shares of the rows, where the names are shares."""
    if not all(name.endswith("%") and name[:-1].strip().isdigit() for name in values):
        return None
    shares = tuple(float(name[:-1]) for name in values)
    losses = tuple(values.values())
    pairs = zip(shares, losses, strict=True)
    said = ", ".join(f"{number(loss)} at {plain(share)} %" for share, loss in pairs)
    return LinesFigure(
        x_label="share of the training rows (%)",
        y_label="validation loss",
        x_scale="linear",
        lines=(Line(label="validation loss", x=shares, y=losses),),
        description=f"Validation loss over the share of the training rows: {said}.",
    )


def _bars(label: str, values: dict[str, float]) -> BarsFigure | None:
    if not values:
        return None
    shown = dict(list(values.items())[:MOST_BARS])
    names = tuple(readable(name) for name in shown)
    said = ", ".join(f"{name} {number(value)}" for name, value in zip(names, shown.values(), strict=True))
    return BarsFigure(
        label=label, names=names, values=tuple(shown.values()), description=f"{label.capitalize()}: {said}."
    )


def effect_figure(finding: Finding) -> ForestFigure | None:
    """Return the effect of undoing a cause as an interval, or None where it was not measured."""
    effect = finding.effect
    if effect is None or not math.isfinite(effect.estimate):
        return None
    estimate, low, high = share_interval(effect)
    known = math.isfinite(effect.low) and math.isfinite(effect.high)
    row = ForestRow(
        label=clean(str(finding.evidence.get("intervention", "undoing it"))),
        estimate=100 * effect.estimate,
        low=100 * effect.low,
        high=100 * effect.high,
        confirmed=True,
        kept=True,
        reading=reading(effect),
        numbers=f"{estimate} [{low}, {high}]".replace(" %,", ",").replace(" %]", "]") if known else estimate,
    )
    lower, upper = forest_axis((row,))
    return ForestFigure(
        unit="the possible improvement",
        rows=(row,),
        lower=lower,
        upper=upper,
        num_left_out=0,
        description=f"Effect of undoing it: {effect_sentence(effect)}.",
        axis_label="% of the possible improvement",
        headings=("", ""),
        kept_mark="",
    )
