"""Decoupled weight decay: kernels shrink by learning rate times strength at each update.

Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_STRENGTHS = (0.03, 0.3)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    del situation
    if baseline.weight_decay:
        yield "no-weight-decay", {"weight_decay": 0.0}
    for strength in _STRENGTHS:
        yield f"weight-decay-{strength:g}", {"weight_decay": strength}


FAMILY = Family(
    name="weight-decay",
    fields=frozenset({"weight_decay"}),
    variants=_variants,
    causes=("weak-regularization", "over-regularized", "too-few-rows"),
    source="Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019",
)
