"""One class is so rare that the network hardly ever predicts it.

Look-alikes: `no_signal` (nothing predicts the rare class). Told apart by balanced accuracy, which counts
every class alike, against that of always predicting the majority; class weights or an output bias at the
class shares change it.

Source: He and Garcia, Learning from Imbalanced Data, 2009; Karpathy, A Recipe for Training Neural Networks,
2019 (output bias).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wellfit.diagnosis._cause import MAX_P_SCREENED, Cause, Ruling, cannot_tell, found, not_applicable, silent
from wellfit.diagnosis._evidence import Evidence, Float64Array, Runs
from wellfit.diagnosis._gain import confidence_of, evidence_of
from wellfit.diagnosis._probe import BASELINE, Probe, Situation
from wellfit.records import Verdict

MIN_IMBALANCE = 9.5
"""Rows of the largest class over those of the smallest, below which a network learns both by itself."""
_SHARE = 0.5  # balanced accuracy moves more than the loss, and with anything that makes a network learn
MIN_CHANGE = 0.1
"""Balanced accuracy that a change must add, as a share of what lies above the majority class."""
_WEIGHTS = "balanced class weights"
_BIAS = "output bias at the class shares"
NAMES = (_WEIGHTS, _BIAS)
"""Probes that are judged by balanced accuracy; whichever does better speaks for the cause."""
_TOLD = {_WEIGHTS: "balanced_accuracy_with_weights", _BIAS: "balanced_accuracy_with_bias"}


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for balanced class weights, and for an output that starts at the class shares."""
    if not situation.task.is_classification or situation.imbalance < MIN_IMBALANCE / 2:
        return []
    asked = [Probe(name=_WEIGHTS, changes={"class_weight": "balanced"})]
    # With weights that are balanced already, the shares that the loss sees are equal: no bias is right.
    if situation.can_bias and situation.settings.class_weight != "balanced":
        asked.append(Probe(name=_BIAS, start="prior"))
    return asked


def examine(evidence: Evidence) -> Ruling:
    """Found where class weights or the bias raise balanced accuracy."""
    situation = evidence.situation
    if not situation.task.is_classification:
        return not_applicable("there are no classes in regression")
    numbers: dict[str, object] = {"imbalance": situation.imbalance}
    if situation.imbalance < MIN_IMBALANCE:
        return silent("the classes are not rare enough to be passed over", numbers)
    tried = [name for name in NAMES if name in evidence.runs]
    if not tried:
        return cannot_tell("neither class weights nor an output bias was tried")
    # The better one of the first look is judged on fresh trials: a choice on them would be too good.
    looked = {name: _mean_change(evidence, evidence.runs[BASELINE], evidence.runs[name]) for name in tried}
    name = max(tried, key=lambda one: looked[one])
    table = evidence.fresh if name in evidence.fresh else evidence.runs
    changes, before, _ = _compared(evidence, table[BASELINE], table[name])
    effect = evidence.effect_of(changes[np.isfinite(changes)], prior=0.02**2)
    if effect is None:
        return cannot_tell("balanced accuracy could not be measured")
    numbers |= {"intervention": name, **evidence_of(effect), "balanced_accuracy": float(np.nanmean(before))}
    for one in tried:
        where = evidence.fresh if one in evidence.fresh else evidence.runs
        numbers[_TOLD[one]] = _mean(_compared(evidence, where[BASELINE], where[one])[2])
    if effect.estimate >= MIN_CHANGE and effect.p_value <= MAX_P_SCREENED:  # of two probes, not of forty
        return found(confidence_of(effect, MIN_CHANGE), numbers, effect, score=_SHARE * effect.estimate)
    return silent(
        "neither class weights nor an output bias changes what is predicted for the rare class", numbers
    )


def _compared(
    evidence: Evidence, before: Runs, after: Runs
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Return ``[trial]`` changes as a share of what lies above the majority class, and both accuracies."""
    where = {t: i for i, t in enumerate(before.trials)}
    trials = [t for t in after.trials if t in where and t in evidence.fair]
    old = before.balanced[[where[t] for t in trials]]
    new = after.balanced[[list(after.trials).index(t) for t in trials]]
    above = 1.0 - 1.0 / max(evidence.situation.num_classes, 2)
    return (new - old) / above, old, new


def _mean_change(evidence: Evidence, before: Runs, after: Runs) -> float:
    """Return the mean change, minus infinity where it is unknown."""
    return float(np.nan_to_num(_mean(_compared(evidence, before, after)[0]), nan=-np.inf))


def _mean(values: Float64Array) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


CAUSE = Cause(
    code="class-imbalance",
    family=Verdict.UNDERFITTING,
    experiment="balanced class weights, and an output bias at the class shares, judged by balanced accuracy",
    remedies=(
        "class weights",
        "an output bias at the class shares",
        "a decision threshold at the class shares",
        "more rows of the rare class",
    ),
    examine=examine,
    probes=probes,
)
