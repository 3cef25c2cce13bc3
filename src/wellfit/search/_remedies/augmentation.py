"""Augmentation: pictures are mirrored, shifted, lightened and partly erased at random in training.

Source: Shorten and Khoshgoftaar, A Survey on Image Data Augmentation for Deep Learning, 2019; Zhong et al.,
Random Erasing Data Augmentation, 2020.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_STRENGTHS = {
    "random_flip": (0.5,),
    "random_translation": (0.1, 0.2),
    "random_brightness": (0.3,),
    "random_contrast": (0.3,),
    "random_erasing": (0.3,),
}
# What rarely changes the class of a natural picture, together.
_MILD = {"random_flip": 0.5, "random_translation": 0.1, "random_brightness": 0.2, "random_contrast": 0.2}


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.has_pictures:
        return
    yield "augmentation-mild", dict(_MILD)
    for field, strengths in _STRENGTHS.items():
        name = field.replace("_", "-")
        if getattr(baseline, field):
            yield f"no-{name}", {field: 0.0}
        for strength in strengths:
            yield f"{name}-{strength:g}", {field: strength}


FAMILY = Family(
    name="augmentation",
    fields=frozenset(_STRENGTHS),
    variants=_variants,
    cost=1.1,
    causes=("weak-regularization", "too-few-rows"),
    source="Shorten and Khoshgoftaar, A Survey on Image Data Augmentation for Deep Learning, 2019",
)
