"""Cutmix: a rectangle of the picture, or a share of the features, comes from another row; so does the target.

Source: Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers with Localizable
Features, 2019.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_STRENGTHS = (
    0.5,
    1.0,
)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.can_mix:
        return
    if baseline.cutmix:
        yield "no-cutmix", {"cutmix": 0.0}
    for strength in _STRENGTHS:
        yield f"cutmix-{strength:g}", {"cutmix": strength}


FAMILY = Family(
    name="cutmix",
    fields=frozenset({"cutmix"}),
    variants=_variants,
    cost=1.1,
    causes=(
        "weak-regularization",
        "too-few-rows",
        "overconfidence",
    ),
    source="Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers, 2019",
)
