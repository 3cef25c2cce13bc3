"""What a report says of a remedy that is experimental: that it is, and how it compares with a plain one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wellfit.api._tried import Tried
from wellfit.records import Metric, Remedy
from wellfit.search import paired_effect

EXPERIMENTAL = ("synthetic-pictures",)
"""Families of remedies that are tried, and labelled."""
_PLAIN = "augmentation"


def with_labels(
    remedies: Sequence[Remedy], screened: Sequence[Tried], metric: Metric, *, test_ratio: float
) -> tuple[Remedy, ...]:
    """Return remedies, those that are experimental with a sentence that says so and how they compare.

    Args:
        remedies: of the report.
        screened: each remedy alone, on the same trials.
        metric: what is compared.
        test_ratio: rows scored on over rows trained on.
    """
    found = {
        one.candidate.name: _sentence(one, screened, metric, test_ratio)
        for one in screened
        if one.candidate.family in EXPERIMENTAL
    }
    return tuple(
        replace(one, note="; ".join(filter(None, [one.note, found[one.name]]))) if one.name in found else one
        for one in remedies
    )


def _sentence(tried: Tried, screened: Sequence[Tried], metric: Metric, test_ratio: float) -> str:
    """Return that a remedy is experimental, and its paired gain over the best plain augmentation."""
    plain = [one for one in screened if one.candidate.family == _PLAIN and one.effect.effect is not None]
    if tried.effect.effect is None or not plain:
        return "experimental"
    best = max(plain, key=lambda one: one.effect.effect.estimate)  # type: ignore[union-attr]
    over = paired_effect(best.scores, tried.scores, metric=metric, test_ratio=test_ratio).effect
    name = best.candidate.name
    if over is None:
        return f"experimental; {name} is the best plain augmentation"
    word = "better" if over.low > 0 else "worse" if over.high < 0 else "cannot tell"
    return (
        f"experimental; over {name}, the best plain augmentation in the screen: {over.estimate:+.3g} "
        f"{over.unit.replace('_', ' ')}, 95 % interval {over.low:.3g} to {over.high:.3g} ({word})"
    )
