"""Orthogonality: hidden units whose incoming weights point in different directions.

Source: Bansal, Chen and Wang, Can We Gain More from Orthogonality Regularizations, 2018.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_STRENGTHS = (
    0.01,
    0.1,
)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.has_hidden:
        return
    if baseline.orthogonality:
        yield "no-orthogonality", {"orthogonality": 0.0}
    for strength in _STRENGTHS:
        yield f"orthogonality-{strength:g}", {"orthogonality": strength}


FAMILY = Family(
    name="orthogonality",
    fields=frozenset({"orthogonality"}),
    variants=_variants,
    cost=1.1,
    causes=("weak-regularization",),
    source="Bansal, Chen and Wang, Can We Gain More from Orthogonality Regularizations, 2018",
)
