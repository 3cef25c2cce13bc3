"""Learning rate up and down: the first thing to look at where a network does not learn.

Source: Bengio, Practical Recommendations for Gradient-Based Training of Deep Architectures, 2012.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_FACTORS = {"x3": 3.0, "x10": 10.0, "x0.33": 1 / 3, "x0.1": 0.1}


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    del situation
    for label, factor in _FACTORS.items():
        yield f"learning-rate-{label}", {"learning_rate": baseline.learning_rate * factor}


FAMILY = Family(
    name="learning-rate",
    fields=frozenset({"learning_rate"}),
    variants=_variants,
    causes=("learning-rate-too-low", "learning-rate-too-high"),
    source="Bengio, Practical Recommendations for Gradient-Based Training of Deep Architectures, 2012",
)
