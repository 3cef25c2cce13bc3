"""Max-norm: the weights into a hidden unit are never longer than a bound.

Source: Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_STRENGTHS = (
    1.0,
    3.0,
)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.has_hidden:
        return
    if baseline.max_norm:
        yield "no-max-norm", {"max_norm": 0.0}
    for strength in _STRENGTHS:
        yield f"max-norm-{strength:g}", {"max_norm": strength}


FAMILY = Family(
    name="max-norm",
    fields=frozenset({"max_norm"}),
    variants=_variants,
    cost=1.1,
    causes=(
        "weak-regularization",
        "learning-rate-too-high",
    ),
    source="Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014",
)
