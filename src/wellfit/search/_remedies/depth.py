"""Hidden layers (or residual blocks), one fewer or one more.

Source: He et al., Deep Residual Learning for Image Recognition, 2016 (more layers can fit worse).
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if situation.can_shallow:
        yield "layers-minus-1", {"depth": baseline.depth - 1}
    if situation.can_deepen:
        yield "layers-plus-1", {"depth": baseline.depth + 1}


FAMILY = Family(
    name="depth",
    fields=frozenset({"depth"}),
    variants=_variants,
    is_dynamic=False,
    cost=1.3,
    causes=("insufficient-capacity", "excess-capacity"),
    source="He et al., Deep Residual Learning for Image Recognition, 2016",
)
