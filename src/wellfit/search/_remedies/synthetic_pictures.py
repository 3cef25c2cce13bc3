"""Synthetic pictures: drawn by a small diffusion model of each class, as many as there are. Experimental.

The generator sees the training rows of a run alone and knows no more than they do, so that plain augmentation
is what it has to beat; the report says how it compares with the best that was measured.

Source: Ho, Jain and Abbeel, Denoising Diffusion Probabilistic Models, 2020; Azizi et al., Synthetic Data from
Diffusion Models Improves ImageNet Classification, 2023 (of a far larger generator).
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

# Of fewer pictures a generator learns copies; with more, a network has little need of it.
_FEWEST, _MOST = 50, 5000


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if baseline.resampling == "diffusion":
        yield "no-diffusion", {"resampling": "none"}
    if situation.can_draw and _FEWEST <= situation.num_rows <= _MOST:
        yield "experimental-diffusion", {"resampling": "diffusion"}


FAMILY = Family(
    name="synthetic-pictures",
    fields=frozenset({"resampling"}),
    variants=_variants,
    is_dynamic=False,
    causes=("too-few-rows",),
    source="Ho, Jain and Abbeel, Denoising Diffusion Probabilistic Models, 2020",
)
