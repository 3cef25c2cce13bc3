"""L2: strength times the sum of squared kernel weights; keeps all weights small.

Source: Krogh and Hertz, A Simple Weight Decay Can Improve Generalization, 1991.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_STRENGTHS = (1e-4, 3e-3)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    del situation
    if baseline.l2:
        yield "no-l2", {"l2": 0.0}
    for strength in _STRENGTHS:
        yield f"l2-{strength:g}", {"l2": strength}


FAMILY = Family(
    name="l2",
    fields=frozenset({"l2"}),
    variants=_variants,
    causes=("weak-regularization", "over-regularized", "too-few-rows"),
    source="Krogh and Hertz, A Simple Weight Decay Can Improve Generalization, 1991",
)
