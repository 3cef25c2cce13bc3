"""Label smoothing: a share of each target is spread evenly over the classes.

Source: Szegedy et al., Rethinking the Inception Architecture for Computer Vision, 2016.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_SHARES = (0.05, 0.15)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.task.is_classification:
        return
    if baseline.label_smoothing:
        yield "no-label-smoothing", {"label_smoothing": 0.0}
    for share in _SHARES:
        yield f"label-smoothing-{share:g}", {"label_smoothing": share}


FAMILY = Family(
    name="label-smoothing",
    fields=frozenset({"label_smoothing"}),
    variants=_variants,
    causes=("overconfidence", "label-noise"),
    source="Szegedy et al., Rethinking the Inception Architecture for Computer Vision, 2016",
)
