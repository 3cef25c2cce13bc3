"""Penalty on the squared outputs of hidden layers.

Source: Merity, McCann and Socher, Revisiting Activation Regularization for Language RNNs, 2017.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_STRENGTHS = (
    0.0001,
    0.01,
)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.has_hidden:
        return
    if baseline.activity_l2:
        yield "no-activity-l2", {"activity_l2": 0.0}
    for strength in _STRENGTHS:
        yield f"activity-l2-{strength:g}", {"activity_l2": strength}


FAMILY = Family(
    name="activity-l2",
    fields=frozenset({"activity_l2"}),
    variants=_variants,
    cost=1.1,
    causes=("weak-regularization",),
    source="Merity, McCann and Socher, Revisiting Activation Regularization for Language RNNs, 2017",
)
