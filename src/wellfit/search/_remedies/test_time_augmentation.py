"""Test-time augmentation: a picture is also asked for mirrored and shifted, and the mean is the prediction.

It needs no other training, and a prediction takes as many times as long as there are views. Where the mirror
image is another class (a letter, a digit), the measurement says so: it is worse than without.

Source: Krizhevsky, Sutskever and Hinton, ImageNet Classification with Deep Convolutional Neural Networks,
2012 (ten views); Shanmugam et al., Better Aggregation in Test-Time Augmentation, 2021 (when it does harm).
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_VIEWS = ("flip", "shift", "flip-shift")


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.can_view:
        return
    if baseline.test_time_augmentation != "none":
        yield "no-test-time-augmentation", {"test_time_augmentation": "none"}
    for views in _VIEWS:
        yield f"test-time-{views}", {"test_time_augmentation": views}


FAMILY = Family(
    name="test-time-augmentation",
    fields=frozenset({"test_time_augmentation"}),
    variants=_variants,
    causes=("too-few-rows", "overconfidence"),
    source="Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural Networks, 2012",
)
