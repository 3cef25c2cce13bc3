"""Normalization between hidden layers: put in, of the other kind, or taken out.

Source: Ioffe and Szegedy, Batch Normalization: Accelerating Deep Network Training by Reducing Internal
Covariate Shift, 2015; Ba, Kiros and Hinton, Layer Normalization, 2016.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_KINDS = ("batch", "layer")


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.can_normalize:
        return
    for kind in _KINDS:
        if situation.normalizations != (kind,):
            yield f"{kind}-normalization", {"normalization": kind}
    if situation.normalizations:
        yield "no-normalization", {"normalization": "none"}
    if baseline.normalization != "own":
        yield "own-normalization", {"normalization": "own"}


FAMILY = Family(
    name="normalization",
    fields=frozenset({"normalization"}),
    variants=_variants,
    is_dynamic=False,
    cost=1.3,
    causes=("dead-units", "learning-rate-too-high", "batchnorm-mode"),
    source="Ioffe and Szegedy, Batch Normalization, 2015; Ba, Kiros and Hinton, Layer Normalization, 2016",
)
