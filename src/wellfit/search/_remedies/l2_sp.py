"""L2-SP: kernels stay near to the weights that training starts from; for pretrained networks.

Source: Li, Grandvalet and Davoine, Explicit Inductive Bias for Transfer Learning with Convolutional Networks,
2018.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_STRENGTHS = (0.005, 0.05)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.starts_from_weights or situation.num_layers < 2:
        return
    if baseline.l2_sp:
        yield "no-l2-sp", {"l2_sp": 0.0}
    for strength in _STRENGTHS:
        yield f"l2-sp-{strength:g}", {"l2_sp": strength}


FAMILY = Family(
    name="l2-sp",
    fields=frozenset({"l2_sp"}),
    variants=_variants,
    cost=1.1,
    causes=("weak-regularization", "too-few-rows"),
    source="Li, Grandvalet and Davoine, Explicit Inductive Bias for Transfer Learning, 2018",
)
