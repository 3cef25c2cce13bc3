"""Gaussian noise on the scaled inputs while training.

Source: Bishop, Training with Noise Is Equivalent to Tikhonov Regularization, 1995.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_STRENGTHS = (
    0.05,
    0.2,
)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.can_perturb:
        return
    if baseline.input_noise:
        yield "no-input-noise", {"input_noise": 0.0}
    for strength in _STRENGTHS:
        yield f"input-noise-{strength:g}", {"input_noise": strength}


FAMILY = Family(
    name="input-noise",
    fields=frozenset({"input_noise"}),
    variants=_variants,
    cost=1.2,
    causes=(
        "weak-regularization",
        "too-few-rows",
    ),
    source="Bishop, Training with Noise Is Equivalent to Tikhonov Regularization, 1995",
)
