"""Gaussian factors or alpha dropout in place of zeros.

Source: Klambauer et al., Self-Normalizing Neural Networks, 2017.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_RATE, _KINDS = 0.1, ("gaussian", "alpha")


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.can_dropout:
        return
    has_rate = bool(baseline.dropout) or (baseline.dropout is None and situation.own_dropout > 0)
    rate = {} if has_rate else {"dropout": _RATE}
    for kind in _KINDS:
        yield f"dropout-{kind}", {**rate, "dropout_kind": kind}


FAMILY = Family(
    name="dropout-kind",
    fields=frozenset({"dropout_kind", "dropout"}),
    variants=_variants,
    cost=1.2,
    causes=(
        "weak-regularization",
        "dead-units",
    ),
    source="Klambauer et al., Self-Normalizing Neural Networks, 2017",
)
