"""L1: strength times the sum of absolute kernel weights; drives unimportant weights to zero.

Source: Tibshirani, Regression Shrinkage and Selection via the Lasso, 1996.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_STRENGTHS = (1e-5, 3e-4)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    del situation
    if baseline.l1:
        yield "no-l1", {"l1": 0.0}
    for strength in _STRENGTHS:
        yield f"l1-{strength:g}", {"l1": strength}


FAMILY = Family(
    name="l1",
    fields=frozenset({"l1"}),
    variants=_variants,
    causes=("weak-regularization", "over-regularized", "rare-features"),
    source="Tibshirani, Regression Shrinkage and Selection via the Lasso, 1996",
)
