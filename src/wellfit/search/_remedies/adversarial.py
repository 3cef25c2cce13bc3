"""Half of the loss is that of rows moved a step along the sign of their gradient.

Source: Goodfellow, Shlens and Szegedy, Explaining and Harnessing Adversarial Examples, 2015.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_STRENGTHS = (
    0.02,
    0.1,
)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.can_perturb:
        return
    if baseline.adversarial:
        yield "no-adversarial", {"adversarial": 0.0}
    for strength in _STRENGTHS:
        yield f"adversarial-{strength:g}", {"adversarial": strength}


FAMILY = Family(
    name="adversarial",
    fields=frozenset({"adversarial"}),
    variants=_variants,
    cost=2.0,
    causes=(
        "weak-regularization",
        "label-noise",
    ),
    source="Goodfellow, Shlens and Szegedy, Explaining and Harnessing Adversarial Examples, 2015",
)
