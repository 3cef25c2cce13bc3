"""Inputs that are zero in some training rows, so that the network leans on no single one.

Source: Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, 2008.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_STRENGTHS = (
    0.1,
    0.25,
)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.can_perturb:
        return
    if baseline.input_dropout:
        yield "no-input-dropout", {"input_dropout": 0.0}
    for strength in _STRENGTHS:
        yield f"input-dropout-{strength:g}", {"input_dropout": strength}


FAMILY = Family(
    name="input-dropout",
    fields=frozenset({"input_dropout"}),
    variants=_variants,
    cost=1.2,
    causes=(
        "weak-regularization",
        "rare-features",
    ),
    source="Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, 2008",
)
