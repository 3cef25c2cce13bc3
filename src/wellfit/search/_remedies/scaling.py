"""Scaling: another unit for the inputs; ranks and interquartile ranges do not follow a few far values.

Source: LeCun et al., Efficient BackProp, 1998.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_METHODS = ("standard", "minmax11", "robust", "quantile")


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if baseline.scaling != "own":
        yield "own-scaling", {"scaling": "own"}
    if situation.is_prepared:
        for method in _METHODS:
            if method != situation.own_scaling:
                yield f"scaling-{method}", {"scaling": method}


FAMILY = Family(
    name="scaling",
    fields=frozenset({"scaling"}),
    variants=_variants,
    is_dynamic=False,
    causes=("unscaled-inputs", "preprocessing-mismatch"),
    source="LeCun et al., Efficient BackProp, 1998",
)
