"""Rows in an update: fewer make it noisier and more frequent, more make it smoother.

Source: Keskar et al., On Large-Batch Training for Deep Learning, 2017.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_FACTORS = {"x0.5": 0.5, "x2": 2.0, "x4": 4.0}
_LEAST = 4
# An epoch of fewer updates than this is hardly an epoch.
_LEAST_UPDATES = 4


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    most = situation.num_rows // _LEAST_UPDATES if situation.num_rows else None
    for label, factor in _FACTORS.items():
        size = int(baseline.batch_size * factor)
        if size >= _LEAST and (most is None or size <= most or factor < 1):
            yield f"batch-size-{label}", {"batch_size": size}


FAMILY = Family(
    name="batch-size",
    fields=frozenset({"batch_size"}),
    variants=_variants,
    is_dynamic=False,
    causes=("learning-rate-too-high", "too-few-epochs"),
    source="Keskar et al., On Large-Batch Training for Deep Learning, 2017",
)
