"""Whole maps of convolutions that are dropped in training (spatial dropout).

Source: Tompson et al., Efficient Object Localization Using Convolutional Networks, 2015.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_RATES = (0.1, 0.2)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if situation.can_drop_maps:
        for rate in _RATES:
            if rate != baseline.map_dropout:
                yield f"map-dropout-{rate:g}", {"map_dropout": rate}
    if baseline.map_dropout:
        yield "no-map-dropout", {"map_dropout": 0.0}


FAMILY = Family(
    name="map-dropout",
    fields=frozenset({"map_dropout"}),
    variants=_variants,
    is_dynamic=False,
    cost=1.1,
    causes=("weak-regularization", "too-few-rows"),
    source="Tompson et al., Efficient Object Localization Using Convolutional Networks, 2015",
)
