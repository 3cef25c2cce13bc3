"""Inputs or targets come in units that the initializers and the learning rate are not made for.

Look-alikes: `learning_rate_too_high` (for these inputs every rate is) and `dead_units` (large inputs
saturate units). Told apart by standardized inputs or targets alone: they make the step change.

Source: LeCun, Bottou, Orr and Mueller, Efficient BackProp, 1998.
"""

from __future__ import annotations

from collections.abc import Sequence

from wellfit.diagnosis._cause import Cause, Ruling, not_applicable, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import gain_ruling, number
from wellfit.diagnosis._probe import Probe, Situation
from wellfit.records import Task, Verdict

MIN_SPREAD = 3.0
"""How far from 1 the standard deviation (or from 0 the mean) of a column must be, as a factor."""
_BONUS = -0.05  # standardizing is what to do before touching the learning rate


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for standardized inputs, targets, and both."""
    asked = list[Probe]()
    if situation.is_raw:
        asked.append(Probe(name="standardized inputs", scale="inputs"))
    if situation.task is Task.REGRESSION:
        asked.append(Probe(name="standardized target", scale="target"))
        if situation.is_raw:
            asked.append(Probe(name="standardized inputs and target", scale="both"))
    return asked


def examine(evidence: Evidence) -> Ruling:
    """Found where scaling alone lowers validation loss, and the units are off."""
    names = [probe.name for probe in probes(evidence.situation)]
    if not names:
        return not_applicable("inputs are scaled already")
    data = evidence.facts.data
    spreads = {
        "input_scale": number(data.get("input_scale"), 1.0),
        "target_scale": number(data.get("target_scale"), 1.0),
    }
    if max(spreads.values()) < MIN_SPREAD:
        return silent("columns have a mean near 0 and a deviation near 1 as they are", spreads)
    return gain_ruling(
        evidence,
        names,
        numbers={**spreads, "column": data.get("input_scale_column")},
        discount=_BONUS,
        what="standardizing changes no more than noise does",
    )


CAUSE = Cause(
    code="unscaled-inputs",
    family=Verdict.NOT_LEARNING,
    experiment="the same training on standardized inputs or targets",
    remedies=("begin with a Normalization layer adapted to the training rows", "standardize the target"),
    examine=examine,
    probes=probes,
)
