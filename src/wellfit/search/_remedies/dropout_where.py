"""Dropout behind the first hidden layer or the last one alone.

Source: Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_RATE, _PLACES = 0.25, ("first", "last")


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.can_dropout:
        return
    rate = {} if baseline.dropout else {"dropout": _RATE}
    for place in _PLACES:
        yield f"dropout-{place}-layer", {**rate, "dropout_where": place}


FAMILY = Family(
    name="dropout-where",
    fields=frozenset({"dropout_where", "dropout"}),
    variants=_variants,
    cost=1.1,
    causes=(
        "weak-regularization",
        "over-regularized",
    ),
    source="Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014",
)
