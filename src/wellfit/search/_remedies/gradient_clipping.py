"""Gradient clipping: an update whose gradients are longer than a bound is scaled down to it; also none.

Source: Pascanu, Mikolov and Bengio, On the Difficulty of Training Recurrent Neural Networks, 2013.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_NORMS = (0.1, 1.0)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    del situation
    if baseline.clip_norm:
        yield "no-clipping", {"clip_norm": 0.0}
    for norm in _NORMS:
        yield f"clipping-{norm:g}", {"clip_norm": norm}


FAMILY = Family(
    name="gradient-clipping",
    fields=frozenset({"clip_norm"}),
    variants=_variants,
    cost=1.1,
    causes=("learning-rate-too-high",),
    source="Pascanu, Mikolov and Bengio, On the Difficulty of Training Recurrent Neural Networks, 2013",
)
