"""Class weights: rows of rare classes count for more; only where classes differ much in size.

Source: King and Zeng, Logistic Regression in Rare Events Data, 2001.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if baseline.class_weight == "balanced":
        yield "no-class-weights", {"class_weight": "none"}
    elif situation.task.is_classification and situation.imbalanced:
        yield "class-weights", {"class_weight": "balanced"}


FAMILY = Family(
    name="class-weights",
    fields=frozenset({"class_weight"}),
    variants=_variants,
    causes=("class-imbalance",),
    source="King and Zeng, Logistic Regression in Rare Events Data, 2001",
)
