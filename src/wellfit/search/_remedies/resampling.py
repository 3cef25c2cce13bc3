"""Resampling: rows of rare classes are repeated or made anew, or those of common ones left out.

Source: Chawla et al., SMOTE: Synthetic Minority Over-sampling Technique, 2002.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_BY_INDEX = ("oversample", "undersample")
_BY_NEIGHBORS = ("smote", "borderline-smote", "adasyn")


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if baseline.resampling != "none":
        yield "no-resampling", {"resampling": "none"}
    if situation.task.is_classification and situation.imbalanced:
        for method in (*_BY_INDEX, *(_BY_NEIGHBORS if situation.is_table else ())):
            yield method, {"resampling": method}


FAMILY = Family(
    name="resampling",
    fields=frozenset({"resampling"}),
    variants=_variants,
    is_dynamic=False,
    causes=("class-imbalance",),
    source="Chawla et al., SMOTE: Synthetic Minority Over-sampling Technique, 2002",
)
