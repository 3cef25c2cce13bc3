"""Residual branches that training rows go past at random, more often the deeper they lie.

Source: Huang et al., Deep Networks with Stochastic Depth, 2016.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_RATES = (0.2, 0.5)  # EfficientNet's, and the source's


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if baseline.stochastic_depth:
        yield "no-stochastic-depth", {"stochastic_depth": 0.0}
    if situation.can_drop_branches:
        for rate in _RATES:
            yield f"stochastic-depth-{rate:g}", {"stochastic_depth": rate}


FAMILY = Family(
    name="stochastic-depth",
    fields=frozenset({"stochastic_depth"}),
    variants=_variants,
    cost=1.1,
    causes=("weak-regularization", "too-few-rows"),
    source="Huang et al., Deep Networks with Stochastic Depth, 2016",
)
