"""Validation loss was lower at an earlier epoch than at the end.

Look-alikes: `weak_regularization`, `excess_capacity` and `too_few_rows` make the same curves; there the
best epoch alone closes less than the other intervention does. `overconfidence` raises the loss and leaves
the accuracy. Told apart by ending at the best epoch, which is chosen on other splits than it is judged on.

Source: Prechelt, Early Stopping - But When?, 1998.
"""

from __future__ import annotations

from wellfit.diagnosis._cause import Cause, Ruling, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import effect_ruling, evidence_of
from wellfit.records import Verdict


def examine(evidence: Evidence) -> Ruling:
    """Found where an earlier end gives a lower validation loss."""
    effect, epoch = evidence.at_epochs(0, evidence.num_epochs)
    if effect is None or epoch + 1 >= evidence.num_epochs:
        return silent("the last epoch is the best one")
    numbers = {**evidence_of(effect), "best_epoch": epoch + 1, "epochs": evidence.num_epochs}
    return effect_ruling(effect, numbers, what="no earlier epoch is better than the last one beyond noise")


CAUSE = Cause(
    code="trained-too-long",
    family=Verdict.OVERFITTING,
    experiment="ending at the best epoch, chosen on other splits than it is judged on",
    remedies=("stop early and restore the best weights", "train for fewer epochs"),
    examine=examine,
)
