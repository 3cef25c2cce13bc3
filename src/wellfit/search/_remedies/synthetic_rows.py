"""Synthetic rows: drawn from a Gaussian copula of each class, as many as there are; for small tables.

Source: Patki, Wedge and Veeramachaneni, The Synthetic Data Vault, 2016.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_MAX_ROWS, _MAX_FEATURES = 5000, 300


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if baseline.resampling == "copula":
        yield "no-copula", {"resampling": "none"}
    if situation.is_table and situation.num_rows <= _MAX_ROWS and situation.num_features <= _MAX_FEATURES:
        yield "copula", {"resampling": "copula"}


FAMILY = Family(
    name="synthetic-rows",
    fields=frozenset({"resampling"}),
    variants=_variants,
    is_dynamic=False,
    causes=("too-few-rows",),
    source="Patki, Wedge and Veeramachaneni, The Synthetic Data Vault, 2016",
)
