"""Suspects: training rows whose label the other training rows contradict are left out or count half.

Source: Northcutt, Jiang and Chuang, Confident Learning, 2021.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    del situation
    if baseline.suspects != "keep":
        yield "keep-suspects", {"suspects": "keep"}
    yield "suspects-remove", {"suspects": "remove"}
    yield "suspects-down-weight", {"suspects": "down-weight"}


FAMILY = Family(
    name="suspects",
    fields=frozenset({"suspects"}),
    variants=_variants,
    is_dynamic=False,
    causes=("label-noise", "irreducible-noise"),
    source="Northcutt, Jiang and Chuang, Confident Learning, 2021",
)
