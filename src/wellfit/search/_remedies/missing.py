"""Missing numbers: filled with another value than now; only where there are any.

Source: Little and Rubin, Statistical Analysis with Missing Data, 1987.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_METHODS = ("median", "mean", "most_frequent")


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if baseline.missing != "own":
        yield "own-missing", {"missing": "own"}
    if situation.is_prepared and situation.has_missing:
        for method in _METHODS:
            if method != situation.own_missing:
                yield f"missing-{method.replace('_', '-')}", {"missing": method}


FAMILY = Family(
    name="missing",
    fields=frozenset({"missing"}),
    variants=_variants,
    is_dynamic=False,
    causes=("preprocessing-mismatch",),
    source="Little and Rubin, Statistical Analysis with Missing Data, 1987",
)
