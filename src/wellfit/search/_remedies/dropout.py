"""Dropout: hidden units are left out at random while training; also none, where the network has some.

Source: Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_RATES = (0.1, 0.25, 0.5)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.can_dropout:
        return
    current = situation.own_dropout * baseline.dropout_scale if baseline.dropout is None else baseline.dropout
    rates = _RATES if current == 0.0 else (0.0, *_RATES)
    for rate in rates:
        if rate != current:
            yield (f"dropout-{rate:g}" if rate else "no-dropout"), {"dropout": rate}


FAMILY = Family(
    name="dropout",
    fields=frozenset({"dropout"}),
    variants=_variants,
    cost=1.1,
    causes=("weak-regularization", "over-regularized", "too-few-rows"),
    source="Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014",
)
