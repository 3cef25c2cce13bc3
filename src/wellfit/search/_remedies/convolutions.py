"""Convolutions with fewer weights: small kernels, or a depthwise and a pointwise part.

Sources: Simonyan and Zisserman, Very Deep Convolutional Networks, 2015; Chollet, Xception, 2017.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if situation.can_shrink_kernels:
        yield "small-kernels", {"convolutions": "small"}
    if situation.can_separate:
        yield "separable-convolutions", {"convolutions": "separable"}
    if baseline.convolutions != "own":
        yield "own-convolutions", {"convolutions": "own"}


FAMILY = Family(
    name="convolutions",
    fields=frozenset({"convolutions"}),
    variants=_variants,
    is_dynamic=False,
    cost=1.1,
    causes=("excess-capacity", "too-few-rows"),
    source="Simonyan and Zisserman, Very Deep Convolutional Networks, 2015; Chollet, Xception, 2017",
)
