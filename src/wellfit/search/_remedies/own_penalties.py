"""The penalties that the network itself declares: none of them, a tenth, ten times as much.

Source: the first remedy against a network that is held back too much is to hold it back less;
Goodfellow, Bengio and Courville, Deep Learning, chapter 11, 2016.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_FACTORS = (0.1, 10.0)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.has_penalties:
        return
    yield "no-own-penalties", {"penalty_scale": 0.0}
    for factor in _FACTORS:
        yield f"own-penalties-x{factor:g}", {"penalty_scale": baseline.penalty_scale * factor}


FAMILY = Family(
    name="own-penalties",
    fields=frozenset({"penalty_scale"}),
    variants=_variants,
    causes=("over-regularized", "weak-regularization"),
    source="Goodfellow, Bengio and Courville, Deep Learning, chapter 11, 2016",
)
