"""Labels of training rows are wrong, and the network memorizes them.

Look-alikes: `irreducible_noise` (labels of all rows, which no cleaning of training rows mends) and
`weak_regularization`. Told apart by out-of-fold confident learning: rows whose label other models call
unlikely (of pictures the network itself, where it is as good a judge) are left out of training, and the loss
on unaltered validation rows falls. Told beside it: how many of the doubted labels the network has learned by
heart, at its end and at its best epoch.

Source: Northcutt, Jiang and Chuang, Confident Learning, 2021; Arpit et al., A Closer Look at Memorization in
Deep Networks, 2017, and Liu et al., Early-Learning Regularization, 2020 (wrong labels are learned last).
"""

from __future__ import annotations

import numpy as np

from wellfit.diagnosis._cause import MAX_P_AGREEING, MIN_GAIN, Cause, Ruling, cannot_tell, found, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import evidence_of, number
from wellfit.records import Verdict

NAME = "without suspected labels"
EARLY = "ended at its best epoch"
"""The network as it stands, whose weights at that epoch say what it had learned by heart; not judged."""
MIN_NOISE = 0.05
"""Share of training labels under suspicion, in excess of that among validation rows."""
PLAIN_NOISE, PLAIN_Z = 0.15, 5.0
"""Such an excess, at so many standard errors, is noise in the training labels whatever a few runs without the
suspects gain, as long as they do not lose. On the tuning half of the benchmark no table whose labels were
left alone comes near: those stay below 0.05 and 3.
"""
_UNPROVEN = 0.7  # confidence in it
MEMORY = (
    "suspects_memorized",
    "others_memorized",
    "early_epoch",
    "suspects_memorized_early",
    "others_memorized_early",
)
"""Shares of the suspects and of other training rows whose given label the network predicts; told only.

Labels that are right are learned early and wrong ones late, but so are rows that are rare and true: these
shares describe what happened, and leaving the suspects out decides.
"""
_BONUS = 0.3
"""Wrong labels are the cause of all memorizing that regularization and an early end mend as well."""


def examine(evidence: Evidence) -> Ruling:
    """Found where training without the suspects lowers the loss on unaltered rows."""
    data = evidence.facts.data
    rate, excess = number(data.get("suspect_share")), number(data.get("suspect_excess"))
    if np.isnan(rate):
        return cannot_tell("labels could not be checked out of fold")
    numbers = {
        "suspected_share": rate,
        "excess_over_validation": excess,
        "suspects": data.get("suspects", []),
        "suspects_are": data.get("suspects_are", ""),
        "judged_by": data.get("suspects_judged_by", ""),
        "excess_z": data.get("suspect_z"),
    }
    numbers |= {name: data[name] for name in MEMORY if name in data}
    if excess < MIN_NOISE or number(data.get("suspect_z"), 0.0) < 3:
        return silent("training labels are no more doubtful than validation labels", numbers)
    # Of random splits the validation rows hold wrong labels, too; those that were given are left unaltered.
    effect = evidence.effect(NAME, trials=evidence.repeats)
    if effect is None:
        return cannot_tell("training without the suspected rows was not tried", numbers)
    numbers |= evidence_of(effect)
    score = max(effect.estimate, 0.0) + _BONUS + excess
    # That training labels are the doubtful ones is shown already; the retraining has to agree with it.
    if effect.estimate >= MIN_GAIN / 2 and effect.p_value <= MAX_P_AGREEING:
        return found(min(0.6 + excess, 0.95), numbers, effect, score=score)
    is_plain = excess >= PLAIN_NOISE and number(data.get("suspect_z")) >= PLAIN_Z
    if is_plain and effect.estimate > -MIN_GAIN:
        return found(_UNPROVEN, numbers, effect, score=score)
    return silent("training without the suspects gains no more than noise does", numbers)


CAUSE = Cause(
    code="label-noise",
    family=Verdict.OVERFITTING,
    experiment="out-of-fold confident learning; the same training without the suspects, on unaltered rows",
    remedies=("check the labels of the suspects", "label smoothing", "stop early"),
    examine=examine,
)
