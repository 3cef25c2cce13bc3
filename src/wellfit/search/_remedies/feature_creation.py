"""Feature creation: products, ratios, logarithms and bins of the numbers, where they add to the others.

Source: Kanter and Veeramachaneni, Deep Feature Synthesis, 2015.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_PAIRS = ("products", "ratios")
_SINGLE = ("logs", "bins")


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if baseline.creation != "none":
        yield "no-creation", {"creation": "none"}
    if situation.starts_from_weights:  # which fit no other features
        return
    if situation.is_prepared and situation.is_table and situation.num_numeric:
        for creation in (*(_PAIRS if situation.num_numeric > 1 else ()), *_SINGLE):
            yield f"creation-{creation}", {"creation": creation}


FAMILY = Family(
    name="feature-creation",
    fields=frozenset({"creation"}),
    variants=_variants,
    is_dynamic=False,
    cost=1.2,
    causes=("insufficient-capacity", "no-signal"),
    source="Kanter and Veeramachaneni, Deep Feature Synthesis, 2015",
)
