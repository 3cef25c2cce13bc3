"""Passes over the training rows, fewer and more.

Source: Bengio, Practical Recommendations for Gradient-Based Training of Deep Architectures, 2012.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_FACTOR = 3


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    del situation
    if baseline.epochs >= 2 * _FACTOR:
        yield "epochs-x0.33", {"epochs": baseline.epochs // _FACTOR}
    yield f"epochs-x{_FACTOR}", {"epochs": baseline.epochs * _FACTOR}


FAMILY = Family(
    name="epochs",
    fields=frozenset({"epochs"}),
    variants=_variants,
    cost=3.0,
    causes=("too-few-epochs", "trained-too-long"),
    source="Bengio, Practical Recommendations for Gradient-Based Training of Deep Architectures, 2012",
)
