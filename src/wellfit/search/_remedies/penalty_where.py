"""L2 and weight decay on the first layer or on the last one alone.

Source: Goodfellow, Bengio and Courville, Deep Learning, section 7.1, 2016.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_L2, _PLACES = 1e-3, ("first", "last")


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.has_hidden:
        return
    strength = {} if baseline.l1 or baseline.l2 or baseline.weight_decay else {"l2": _L2}
    for place in _PLACES:
        yield f"penalty-{place}-layer", {**strength, "penalty_where": place}


FAMILY = Family(
    name="penalty-where",
    fields=frozenset({"penalty_where", "l2"}),
    variants=_variants,
    causes=(
        "weak-regularization",
        "rare-features",
    ),
    source="Goodfellow, Bengio and Courville, Deep Learning, section 7.1, 2016",
)
