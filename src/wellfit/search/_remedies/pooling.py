"""The mean of each map in place of flattened maps before the dense layers.

Source: Lin, Chen and Yan, Network In Network, 2014.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if situation.can_pool:
        yield "global-average-pooling", {"pooling": "average"}
    if baseline.pooling != "own":
        yield "own-pooling", {"pooling": "own"}


FAMILY = Family(
    name="pooling",
    fields=frozenset({"pooling"}),
    variants=_variants,
    is_dynamic=False,
    cost=1.1,
    causes=("excess-capacity", "too-few-rows"),
    source="Lin, Chen and Yan, Network In Network, 2014",
)
