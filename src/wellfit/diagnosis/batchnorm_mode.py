"""Batch normalization behaves otherwise in inference than in training, and that is the gap.

Look-alikes: any overfitting (there training rows in inference mode do well). Told apart at fixed weights:
the same training rows do better in training mode than in inference mode, and once the moving averages are
replaced by the moments of these rows, validation recovers without training.

Source: Ioffe and Szegedy, Batch Normalization, 2015; Wu and Johnson, Rethinking "Batch" in BatchNorm, 2021.
"""

from __future__ import annotations

import numpy as np

from wellfit.diagnosis._cause import Cause, Ruling, cannot_tell, not_applicable
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import effect_ruling, evidence_of
from wellfit.records import Verdict

MODES = ("train_loss_inference_mode", "train_loss_training_mode")
"""Loss of the same training rows with moving averages, and with their own moments; told only."""


def examine(evidence: Evidence) -> Ruling:
    """Found where fresh statistics alone lower validation loss."""
    layers = evidence.situation.facts.batch_normalizations
    if not layers:
        return not_applicable("the network has no batch normalization")
    network = evidence.facts.network
    before, after = network.get("loss_as_it_stands"), network.get("loss_recalibrated")
    if before is None or after is None:
        return cannot_tell("the network's layers cannot be listed, so its statistics could not be replaced")
    ends, mended = (evidence.capped(np.asarray(values, np.float64)) for values in (before, after))
    effect = evidence.effect_of((ends - mended) / evidence.scale)
    if effect is None:
        return cannot_tell("no run of the network as it stands ended well")
    numbers = {
        **evidence_of(effect),
        "momentum": max(momentum for _, momentum in layers),
        "batch_size": evidence.situation.settings.batch_size,
        "layer": layers[0][0],
    }
    numbers |= {name: network[name] for name in MODES if name in network}
    return effect_ruling(effect, numbers, what="fresh statistics change no more than noise does")


CAUSE = Cause(
    code="batchnorm-mode",
    family=Verdict.MISLEADING_EVALUATION,
    experiment="the same rows in training and inference mode; moving statistics replaced, at fixed weights",
    remedies=(
        "lower the momentum (0.9) or train for more updates",
        "recompute the statistics after training",
        "use larger batches, or layer normalization",
    ),
    examine=examine,
)
