"""A factor for each input feature, learned with the network: it can turn useless features down.

Source: Holzmüller, Grinsztajn and Steinwart, Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
Tabular Data, 2024 (the scaling layer of RealMLP).
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if baseline.input_scale:
        yield "no-input-scale", {"input_scale": False}
    elif situation.can_embed:
        yield "input-scale", {"input_scale": True}


FAMILY = Family(
    name="input-scale",
    fields=frozenset({"input_scale"}),
    variants=_variants,
    is_dynamic=False,
    cost=1.1,
    causes=("unscaled-inputs", "insufficient-capacity"),
    source="Holzmüller, Grinsztajn and Steinwart, Better by Default, 2024",
)
