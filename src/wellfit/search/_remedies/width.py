"""Units of the hidden layers, relative to what the network has.

Source: Geman, Bienenstock and Doursat, Neural Networks and the Bias/Variance Dilemma, 1992.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_FEWER = (0.25, 0.5)
_MORE = (2.0,)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if situation.can_narrow:
        for factor in _FEWER:
            yield f"units-x{factor:g}", {"width": baseline.width * factor}
    if situation.can_widen:
        for factor in _MORE:
            yield f"units-x{factor:g}", {"width": baseline.width * factor}


FAMILY = Family(
    name="width",
    fields=frozenset({"width"}),
    variants=_variants,
    is_dynamic=False,
    cost=1.5,
    causes=("insufficient-capacity", "excess-capacity"),
    source="Geman, Bienenstock and Doursat, Neural Networks and the Bias/Variance Dilemma, 1992",
)
