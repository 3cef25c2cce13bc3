"""Training was ended while both losses were still falling.

Look-alikes: `learning_rate_too_low` (larger steps arrive in the same time) and `insufficient_capacity`
(more epochs change nothing). Told apart by training three times as long: training and validation loss go on
falling.

Source: Prechelt, Early Stopping - But When?, 1998.
"""

from __future__ import annotations

import numpy as np

from wellfit.diagnosis._cause import MIN_GAIN, Cause, Ruling, cannot_tell, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import effect_ruling, evidence_of
from wellfit.diagnosis._probe import BASELINE
from wellfit.records import Verdict

LONGER = 3
"""How many times as long the network as it stands is trained at least."""


def examine(evidence: Evidence) -> Ruling:
    """Found where both losses fall further after the last epoch."""
    epochs = evidence.num_epochs
    runs = evidence.runs[BASELINE]
    if runs.validation_loss.shape[1] <= epochs:
        return cannot_tell("there was no time to train for longer")
    effect, epoch = evidence.at_epochs(epochs, runs.validation_loss.shape[1])
    if effect is None:
        return cannot_tell("there was no time to train for longer")
    train = np.nan_to_num(evidence.mean_curve(BASELINE, side="train"), nan=1e30, posinf=1e30)
    fallen = float((train[epochs - 1] - np.nanmin(train[epochs:])) / evidence.scale)
    numbers = {**evidence_of(effect), "epochs": epochs, "best_epoch": epoch + 1, "train_gain": fallen}
    if not fallen > MIN_GAIN / 2:
        return silent("training loss falls no further", numbers)
    return effect_ruling(effect, numbers, what="validation loss falls no further after the last epoch")


CAUSE = Cause(
    code="too-few-epochs",
    family=Verdict.UNDERFITTING,
    experiment="the same training for at least three times as many epochs",
    remedies=("train for more epochs, with early stopping", "use a larger learning rate"),
    examine=examine,
)
