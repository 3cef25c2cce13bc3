"""Outliers: values far out are clipped, left alone, or their training rows are left out.

Source: Tukey, Exploratory Data Analysis, 1977.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if baseline.outliers != "own":
        yield "own-outliers", {"outliers": "own"}
    if not situation.has_outliers:
        return
    if situation.is_prepared:
        yield "outliers-clip", {"outliers": "clip"}
        yield "outliers-report", {"outliers": "report"}
    if situation.is_table:
        yield "outliers-drop", {"outliers": "drop"}


FAMILY = Family(
    name="outliers",
    fields=frozenset({"outliers"}),
    variants=_variants,
    is_dynamic=False,
    causes=("unscaled-inputs", "label-noise"),
    source="Tukey, Exploratory Data Analysis, 1977",
)
