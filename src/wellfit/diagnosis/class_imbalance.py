"""One class is so rare that the network hardly ever predicts it.

Look-alikes: `no_signal` (nothing predicts the rare class). Told apart by balanced accuracy, which counts
every class alike, against that of always predicting the majority; class weights or an output bias at the
class shares change it.

Source: He and Garcia, Learning from Imbalanced Data, 2009.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wellfit.diagnosis._cause import MAX_P, Cause, Ruling, cannot_tell, found, not_applicable, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import confidence_of, evidence_of
from wellfit.diagnosis._probe import BASELINE, Probe, Situation
from wellfit.records import Verdict

MIN_IMBALANCE = 9.5
"""Rows of the largest class over those of the smallest, below which a network learns both by itself."""
MIN_CHANGE = 0.1
"""Balanced accuracy that class weights must add, as a share of what lies above the majority class."""
_NAME = "balanced class weights"


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for balanced class weights."""
    if not situation.task.is_classification or situation.imbalance < MIN_IMBALANCE / 2:
        return []
    return [Probe(name=_NAME, changes={"class_weight": "balanced"})]


def examine(evidence: Evidence) -> Ruling:
    """Found where class weights raise balanced accuracy."""
    situation = evidence.situation
    if not situation.task.is_classification:
        return not_applicable("there are no classes in regression")
    numbers: dict[str, object] = {"imbalance": situation.imbalance}
    if situation.imbalance < MIN_IMBALANCE:
        return silent("the classes are not rare enough to be passed over", numbers)
    if _NAME not in evidence.runs:
        return cannot_tell("class weights were not tried")
    table = evidence.fresh if _NAME in evidence.fresh else evidence.runs
    before, after = table[BASELINE], table[_NAME]
    where = {t: i for i, t in enumerate(before.trials)}
    trials = [t for t in after.trials if t in where and t in evidence.fair]
    rows = [where[t] for t in trials]
    mine = [list(after.trials).index(t) for t in trials]
    above = 1.0 - 1.0 / max(situation.num_classes, 2)
    changes = (after.balanced[mine] - before.balanced[rows]) / above
    effect = evidence.effect_of(changes[np.isfinite(changes)], prior=0.02**2)
    if effect is None:
        return cannot_tell("balanced accuracy could not be measured")
    numbers |= {**evidence_of(effect), "balanced_accuracy": float(np.nanmean(before.balanced[rows]))}
    numbers["balanced_accuracy_with_weights"] = float(np.nanmean(after.balanced[mine]))
    if effect.estimate >= MIN_CHANGE and effect.p_value <= MAX_P:
        return found(confidence_of(effect, MIN_CHANGE), numbers, effect)
    return silent("class weights do not change what is predicted for the rare class", numbers)


CAUSE = Cause(
    code="class-imbalance",
    family=Verdict.UNDERFITTING,
    experiment="balanced class weights, judged by balanced accuracy",
    remedies=("class weights", "a decision threshold at the class shares", "more rows of the rare class"),
    examine=examine,
    probes=probes,
)
