"""Augmentation: pictures are moved, mirrored, lightened, recolored and partly erased at random in training.

What changes the class of a picture (a mirrored letter, a digit upside down) shows in the measurement: it is
worse than without.

Source: Shorten and Khoshgoftaar, A Survey on Image Data Augmentation for Deep Learning, 2019; Zhong et al.,
Random Erasing Data Augmentation, 2020; Cubuk et al., RandAugment, 2020; Szegedy et al., Going Deeper with
Convolutions, 2015 (crops).
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

# The geometry that hardly ever changes a class.
_MOVED = {"random_translation": 0.1, "random_rotation": 0.03, "random_zoom": 0.1}
# What rarely changes the class of a natural picture, together.
_MILD = {**_MOVED, "random_flip": 0.5, "random_brightness": 0.2, "random_contrast": 0.2}
_COMBINED = {
    "augmentation-mild": _MILD,
    "augmentation-moved": _MOVED,
    "rand-augment-0.3": {"rand_augment": 0.3},
    "rand-augment-0.7": {"rand_augment": 0.7},
}
# Each alone, by how often it helps: where things are, then what is seen of them, then light and color.
_STRENGTHS = {
    "random_translation": (0.1, 0.2),
    "random_flip": (0.5,),
    "random_crop": (0.3,),
    "random_rotation": (0.03, 0.1),
    "random_zoom": (0.2,),
    "random_erasing": (0.3,),
    "random_shear": (0.2,),
    "random_contrast": (0.3,),
    "random_brightness": (0.3,),
    "random_noise": (0.2,),
}
_COLORS = {"random_saturation": (0.2,), "random_hue": (0.1,)}


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.has_pictures:
        return
    if baseline.rand_augment:
        yield "no-rand-augment", {"rand_augment": 0.0}
    for name, fields in _COMBINED.items():
        yield name, dict(fields)
    for field, strengths in (*_STRENGTHS.items(), *(_COLORS.items() if situation.has_colors else ())):
        name = field.replace("_", "-")
        if getattr(baseline, field):
            yield f"no-{name}", {field: 0.0}
        for strength in strengths:
            yield f"{name}-{strength:g}", {field: strength}


FAMILY = Family(
    name="augmentation",
    fields=frozenset((*_STRENGTHS, *_COLORS, "rand_augment")),
    variants=_variants,
    cost=1.2,
    causes=("weak-regularization", "too-few-rows"),
    source="Shorten and Khoshgoftaar, A Survey on Image Data Augmentation for Deep Learning, 2019",
)
