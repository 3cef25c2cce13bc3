"""Elastic net: L1 and L2 together; drops weights, and keeps correlated ones alike.

Source: Zou and Hastie, Regularization and Variable Selection via the Elastic Net, 2005.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_STRENGTHS = ((1e-5, 1e-4), (1e-4, 1e-3))


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    del baseline, situation
    for l1, l2 in _STRENGTHS:
        yield f"elastic-net-{l1:g}-{l2:g}", {"l1": l1, "l2": l2}


FAMILY = Family(
    name="elastic-net",
    fields=frozenset({"l1", "l2"}),
    variants=_variants,
    causes=("weak-regularization", "rare-features", "too-few-rows"),
    source="Zou and Hastie, Regularization and Variable Selection via the Elastic Net, 2005",
)
