"""Mixup: rows and targets are mixed with those of another row.

Source: Zhang et al., mixup: Beyond Empirical Risk Minimization, 2018.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_STRENGTHS = (
    0.2,
    0.4,
)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.can_mix:
        return
    if baseline.mixup:
        yield "no-mixup", {"mixup": 0.0}
    for strength in _STRENGTHS:
        yield f"mixup-{strength:g}", {"mixup": strength}


FAMILY = Family(
    name="mixup",
    fields=frozenset({"mixup"}),
    variants=_variants,
    cost=1.1,
    causes=(
        "weak-regularization",
        "too-few-rows",
        "label-noise",
        "overconfidence",
    ),
    source="Zhang et al., mixup: Beyond Empirical Risk Minimization, 2018",
)
