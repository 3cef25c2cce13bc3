"""Feature selection: only the features that say most about the target of the training rows are seen.

Source: Guyon and Elisseeff, An Introduction to Variable and Feature Selection, 2003.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_METHODS = ("chi2", "mutual-information", "l1")
_FEWEST = 6


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if baseline.selection != "none":
        yield "no-selection", {"selection": "none"}
    if situation.is_prepared and situation.is_table and situation.num_features >= _FEWEST:
        for method in _METHODS:
            yield f"selection-{method}", {"selection": method, "selected_share": 0.5}
        yield "selection-mutual-information-0.25", {"selection": "mutual-information", "selected_share": 0.25}


FAMILY = Family(
    name="feature-selection",
    fields=frozenset({"selection", "selected_share"}),
    variants=_variants,
    is_dynamic=False,
    causes=("rare-features", "too-few-rows", "excess-capacity"),
    source="Guyon and Elisseeff, An Introduction to Variable and Feature Selection, 2003",
)
