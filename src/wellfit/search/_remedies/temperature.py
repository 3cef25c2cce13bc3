"""Temperature: one factor on the logits, fitted after training, for probabilities that are too sure.

It changes no weight but those of the last layer's scale, and which class is most probable not at all: only
metrics that look at probabilities can gain.

Source: Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks, 2017.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not (situation.task.is_classification and situation.can_temper):
        return
    if baseline.temperature:
        yield "no-temperature", {"temperature": False}
    else:
        yield "temperature", {"temperature": True}


FAMILY = Family(
    name="temperature",
    fields=frozenset({"temperature"}),
    variants=_variants,
    causes=("overconfidence",),
    source="Guo et al., On Calibration of Modern Neural Networks, 2017",
)
