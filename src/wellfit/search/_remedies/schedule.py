"""Decay of the learning rate over the epochs.

Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017 (cosine).
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_SCHEDULES = (
    "constant",
    "exponential",
    "cosine",
    "plateau",
    "warm-restarts",
    "one-cycle",
    "flat-cosine",
)


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    del baseline, situation
    for schedule in _SCHEDULES:
        yield f"schedule-{schedule}", {"schedule": schedule}


FAMILY = Family(
    name="schedule",
    fields=frozenset({"schedule"}),
    variants=_variants,
    causes=("learning-rate-too-high",),
    source="Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017",
)
