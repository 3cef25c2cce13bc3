"""Networks that are judged by a mean of their weights over time.

Source: Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, 2018.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Averaging, Settings
from wellfit.search._candidate import Family, Situation, Variant

_KINDS: tuple[Averaging, ...] = ("ema", "swa", "lookahead")


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    del situation
    if baseline.averaging != "none":
        yield "no-averaging", {"averaging": "none"}
    for kind in _KINDS:
        yield f"averaging-{kind}", {"averaging": kind}


FAMILY = Family(
    name="averaging",
    fields=frozenset({"averaging"}),
    variants=_variants,
    cost=1.1,
    causes=(
        "learning-rate-too-high",
        "trained-too-long",
        "label-noise",
    ),
    source="Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, 2018",
)
