"""Feature extraction: fewer linear features, whitened, in place of the inputs.

Source: Hotelling, Analysis of a Complex of Statistical Variables into Principal Components, 1933.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_FEWEST = 6
_MOST = 500  # decomposing more in every trial takes too long


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if baseline.extraction != "none":
        yield "no-extraction", {"extraction": "none"}
    if situation.starts_from_weights:  # which were learned on the features themselves
        return
    if situation.is_prepared and situation.is_table and _FEWEST <= situation.num_features <= _MOST:
        yield "pca-1", {"extraction": "pca", "extracted_share": 1.0}
        yield "pca-0.5", {"extraction": "pca", "extracted_share": 0.5}
        yield "factor-analysis-0.5", {"extraction": "factor-analysis", "extracted_share": 0.5}


FAMILY = Family(
    name="feature-extraction",
    fields=frozenset({"extraction", "extracted_share"}),
    variants=_variants,
    is_dynamic=False,
    causes=("too-few-rows", "excess-capacity", "unscaled-inputs"),
    source="Hotelling, Analysis of a Complex of Statistical Variables into Principal Components, 1933",
)
