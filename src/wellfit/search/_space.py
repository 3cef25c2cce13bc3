"""The space of settings that a search draws from, narrowed by what the screen has shown."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from wellfit.records import ROW_FIELDS, Settings
from wellfit.search._candidate import Candidate, Situation
from wellfit.search._dimension import Choice, Dimension, Range
from wellfit.search._effective import effective
from wellfit.search._paired import PairedEffect

Screened = Sequence[tuple[Candidate, PairedEffect]]

_NUM_FIRST = 5
_SCHEDULES = ("constant", "exponential", "cosine", "plateau", "one-cycle", "flat-cosine")
# Fields that are not searched unless the screen finds a change of them promising: a population shares
# them, or they multiply its cost.
_ON_PROMISE = (
    "batch_size",
    "epochs",
    "patience",
    "penalty_scale",
    "dropout_scale",
    "max_norm",
    "l2_sp",
    "rate_decay",
    "stochastic_depth",
    *(name for name in ROW_FIELDS if name != "adversarial"),
)
_CHOICES_ON_PROMISE = ("averaging", "test_time_augmentation")


@dataclass(frozen=True, kw_only=True)
class Space:
    """What a search varies around a baseline.

    Attributes:
        baseline: gives the fields that are not varied.
        dimensions: what is varied, one for each field.
        first: settings to try first, best guess first.
    """

    baseline: Settings
    dimensions: tuple[Dimension, ...]
    first: tuple[Settings, ...] = ()

    def decode(self, drawn: dict[str, Any]) -> Settings:
        """Return the settings for drawn numbers by field; what nothing uses is at its default."""
        values: dict[str, Any] = {one.field: one.decode(drawn[one.field]) for one in self.dimensions}
        return effective(dataclasses.replace(self.baseline, **values))

    def encode(self, settings: Settings) -> dict[str, Any]:
        """Return the numbers that stand for settings, moved into the space where they lie outside."""
        return {one.field: one.encode(getattr(settings, one.field)) for one in self.dimensions}


def make_space(
    baseline: Settings,
    situation: Situation,
    screened: Screened = (),
    *,
    fields: Collection[str] | None = None,
) -> Space:
    """Return the space to search after a screen.

    What the screen found clearly harmful (its interval lies below zero, or it diverged) narrows the
    dimension on that side, or takes it away; the baseline's own value always stays inside. Batch size,
    epochs, patience, factors on the network's own penalties and dropout, and what needs another program
    (bounds, noise, mixing, means of weights) are searched only among values that the screen found
    promising. The most promising single remedies, and all of them together, are tried first.

    Args:
        baseline: how the network is trained now.
        situation: what network and data allow.
        screened: candidates of `remedies` with their effects.
        fields: fields of `Settings` that may vary; None for all that make sense.

    Returns:
        The space; without dimensions if everything was harmful.

    Example:
        >>> from wellfit.records import Task
        >>> space = make_space(Settings(), Situation(task=Task.BINARY), fields=["l2", "width"])
        >>> [one.field for one in space.dimensions]
        ['l2', 'width']
    """
    promising = _promising(screened)
    dimensions: list[Dimension] = []
    for one in (*_dimensions(baseline, situation), *_on_promise(baseline, promising)):
        if fields is None or one.field in fields:
            narrowed = _narrow(one, _own(one.field, baseline, situation), _harmful(screened, one.field))
            if narrowed is not None:
                dimensions.append(narrowed)
    space = Space(baseline=baseline, dimensions=tuple(dimensions))
    guesses = [one.settings for one in promising]
    if len(promising) > 1:
        guesses.insert(0, _together(baseline, promising))
    # Through the space and back, so that what is tried first is what the sampler believes it to be.
    inside = (space.decode(space.encode(settings)) for settings in guesses)
    first = tuple(settings for settings in dict.fromkeys(inside) if settings != baseline)
    return dataclasses.replace(space, first=first)


def _dimensions(baseline: Settings, situation: Situation) -> list[Dimension]:
    rate = baseline.learning_rate
    found: list[Dimension] = [
        Range(field="learning_rate", low=rate / 10, high=rate * 10, log=True),
        Choice(field="schedule", values=_SCHEDULES, ordered=False),
        _strength("l1", 1e-6, 1e-3, baseline.l1),
        _strength("l2", 1e-6, 1e-2, baseline.l2),
        _strength("weight_decay", 1e-3, 1.0, baseline.weight_decay),
    ]
    if situation.can_dropout:
        off = None if baseline.dropout is None else 0.0
        high = max(0.6, baseline.dropout or 0.0)
        found.append(Range(field="dropout", low=0.05, high=high, has_off=True, off=off))
    if situation.task.is_classification:
        high = max(0.2, baseline.label_smoothing)
        found.append(Range(field="label_smoothing", low=0.01, high=high, has_off=True))
        if situation.imbalanced or baseline.class_weight == "balanced":
            found.append(Choice(field="class_weight", values=("none", "balanced"), ordered=False))
    fewer = (0.25, 0.5) if situation.can_narrow else ()
    more = (2.0,) if situation.can_widen else ()
    found.append(Choice(field="width", values=tuple(baseline.width * one for one in (*fewer, 1.0, *more))))
    steps = range(-1 if situation.can_shallow else 0, 2 if situation.can_deepen else 1)
    found.append(Choice(field="depth", values=tuple(baseline.depth + step for step in steps)))
    return found


def _strength(field: str, low: float, high: float, own: float) -> Range:
    """Return a log range that holds the baseline's own strength."""
    if own > 0:
        low, high = min(low, own), max(high, own)
    return Range(field=field, low=low, high=high, log=True, has_off=True)


def _on_promise(baseline: Settings, promising: Sequence[Candidate]) -> list[Dimension]:
    found: list[Dimension] = []
    for field in _ON_PROMISE:
        values = {one.changes[field] for one in promising if field in one.changes}
        ordered: Any = sorted({getattr(baseline, field), *values}, key=_as_number)
        found.append(Choice(field=field, values=tuple(ordered)))
    for field in _CHOICES_ON_PROMISE:
        named = [one.changes[field] for one in promising if field in one.changes]
        choices = tuple(dict.fromkeys([getattr(baseline, field), *named]))
        found.append(Choice(field=field, values=choices, ordered=False))
    return found


def _as_number(value: Any) -> float:
    return float(value)


def _narrow(one: Dimension, own: Any, harmful: Collection[Any]) -> Dimension | None:
    """Return the dimension without what does harm, or None where nothing but the baseline is left."""
    if isinstance(one, Choice):
        values = tuple(value for value in one.values if value == own or value not in harmful)
        return dataclasses.replace(one, values=values) if len(values) > 1 else None
    at = one.floor if one.has_off and (own is None or own == one.off) else float(own)
    above = [float(value) for value in harmful if value is not None and float(value) > at]
    below = [float(value) for value in harmful if value is not None and one.low <= float(value) < at]
    high = min([one.high, *(_between(one, max(at, one.low), value) for value in above)])
    low = max([one.low, *(_between(one, at, value) for value in below)])
    if high <= low:
        return None
    return dataclasses.replace(one, low=low, high=high)


def _own(field: str, baseline: Settings, situation: Situation) -> Any:
    """Return the baseline's value; of dropout what the network's own rates amount to, if they are on."""
    if field == "dropout" and baseline.dropout is None and situation.own_dropout > 0:
        return situation.own_dropout * baseline.dropout_scale
    return getattr(baseline, field)


def _between(one: Range, own: float, harmful: float) -> float:
    return math.sqrt(own * harmful) if one.log else (own + harmful) / 2


def _harmful(screened: Screened, field: str) -> set[Any]:
    """Return the values of `field` that alone did clear harm."""
    return {
        candidate.changes[field]
        for candidate, found in screened
        if list(candidate.changes) == [field]
        and (found.effect.high < 0 if found.effect is not None else found.num_failed > 0)
    }


def _promising(screened: Screened) -> list[Candidate]:
    """Return the few candidates with the largest positive estimates; a place to start, not a proof."""
    gains = [
        (found.effect.estimate, candidate)
        for candidate, found in screened
        if found.effect is not None and found.effect.estimate > 0
    ]
    gains.sort(key=lambda gain: -gain[0])
    return [candidate for _, candidate in gains[:_NUM_FIRST]]


def _together(baseline: Settings, promising: Sequence[Candidate]) -> Settings:
    """Return the baseline with all promising changes; where two change one field, the better one's."""
    changes: dict[str, Any] = {}
    for candidate in reversed(promising):
        changes.update(candidate.changes)
    return dataclasses.replace(baseline, **changes)
