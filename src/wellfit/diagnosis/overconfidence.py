"""Predicted probabilities are more extreme than the network's hits justify; its ranking of classes is fine.

Look-alikes: `trained_too_long` and `weak_regularization` also lower the loss, but change what is predicted.
Told apart by dividing the logits by one temperature, fitted on other rows than it is judged on: the loss
falls, accuracy stays, and the reliability curve (how often each probability is right) comes to the diagonal.

Source: Guo et al., On Calibration of Modern Neural Networks, 2017.
"""

from __future__ import annotations

import numpy as np

from wellfit.diagnosis._cause import Cause, Ruling, cannot_tell, not_applicable, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import effect_ruling, evidence_of, number
from wellfit.records import Verdict

_DISCOUNT = 0.05  # a temperature also mends part of what training too long does
_MIN_SKILL = 0.3  # share of the scale that a network must have learned to be called overconfident
CALIBRATION = (
    "calibration_error",
    "calibration_error_at_temperature",
    "accuracy",
    "share_of_hits",
)
"""Told beside it, of validation rows: the distance of probabilities from hits, and the reliability curve."""
_WARM = 1.15  # below this temperature probabilities are about right


def examine(evidence: Evidence) -> Ruling:
    """Found where a temperature alone lowers validation loss."""
    if not evidence.situation.task.is_classification:
        return not_applicable("there are no probabilities in regression")
    network = evidence.facts.network
    before, after = network.get("loss_at_one"), network.get("loss_at_temperature")
    temperature = number(network.get("temperature"))
    if before is None or after is None:
        return cannot_tell("predictions of the network as it stands were not available")
    ends, mended = (evidence.capped(np.asarray(values, np.float64)) for values in (before, after))
    effect = evidence.effect_of((ends - mended) / evidence.scale)
    if effect is None:
        return cannot_tell("predictions of the network as it stands were not available")
    numbers = {**evidence_of(effect), "temperature": temperature}
    numbers |= {name: network[name] for name in CALIBRATION if name in network}
    if temperature < _WARM:
        return silent("the best temperature is close to 1", numbers)
    if float(mended.mean()) > evidence.chance_loss - _MIN_SKILL * evidence.scale:
        return silent("the network knows too little for its confidence to be the fault", numbers)
    return effect_ruling(effect, numbers, discount=_DISCOUNT, what="a temperature gains no more than noise")


CAUSE = Cause(
    code="overconfidence",
    family=Verdict.OVERFITTING,
    experiment="one temperature for the logits, fitted on other rows than those it is judged on",
    remedies=("scale the logits by the temperature", "label smoothing", "stop early"),
    examine=examine,
)
