"""Sums that bridge hidden layers: put in where hidden layers are equally wide, or taken out.

Source: He et al., Deep Residual Learning for Image Recognition, 2016.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if situation.can_skip:
        yield "skips", {"skip": "on"}
    if situation.has_skip:
        yield "no-skips", {"skip": "off"}
    if baseline.skip != "own":
        yield "own-skips", {"skip": "own"}


FAMILY = Family(
    name="skip",
    fields=frozenset({"skip"}),
    variants=_variants,
    is_dynamic=False,
    cost=1.1,
    causes=("insufficient-capacity", "excess-capacity"),
    source="He et al., Deep Residual Learning for Image Recognition, 2016",
)
