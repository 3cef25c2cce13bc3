"""The loss that Keras reports holds weight penalties, and they, not the data, are what is high.

Look-alikes: `over_regularized` (there the data loss is high too, and falls without the penalty). Told apart
by measuring both sides again in inference mode without penalties: what looked bad is the penalty.

Source: Keras documentation, Layer weight regularizers: penalties are summed into the loss of `fit` and
`evaluate`.
"""

from __future__ import annotations

import numpy as np

from wellfit.diagnosis._cause import MIN_GAIN, Cause, Ruling, found, not_applicable, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import evidence_of
from wellfit.diagnosis._probe import BASELINE
from wellfit.records import Verdict

# A penalty of this share of what there is to gain makes a good network look like a lesser one.
MIN_SHARE = 0.12
MIN_LEARNED = 0.5
"""Share of the way from chance to the best reference that the data loss must have gone."""


def examine(evidence: Evidence) -> Ruling:
    """Found where the penalty is a large part of the reported loss and harmless to the data loss."""
    if not evidence.situation.facts.penalty:
        return not_applicable("the network declares no weight penalty")
    runs = evidence.runs[BASELINE]
    last = min(evidence.num_epochs, runs.penalty.shape[1]) - 1  # runs that all diverged end early
    shares = runs.penalty[:, last] / evidence.scale
    shares = shares[np.isfinite(shares)]
    effect = evidence.effect_of(shares, prior=1e-4) if len(shares) else None
    if effect is None or np.isnan(runs.validation_loss[:, last]).all():
        return silent("the network diverged")
    data = float(np.nanmean(runs.validation_loss[:, last]))
    penalty = float(np.nanmean(runs.penalty[:, last]))
    numbers = {
        **evidence_of(effect),
        "reported_validation_loss": data + penalty,
        "validation_data_loss": data,
        "penalty": penalty,
        "chance": evidence.chance_loss,
    }
    harm = evidence.effect("without penalties")
    if harm is not None and harm.estimate >= MIN_GAIN and harm.p_value < 0.05:
        return silent(
            "the penalty is large, and it does hold the data loss up: see over-regularized", numbers
        )
    if data > evidence.chance_loss - MIN_LEARNED * evidence.scale:
        return silent("the data loss is high by itself", numbers)
    if effect.estimate < MIN_SHARE:
        return silent("the penalty is a small part of the reported loss", numbers)
    return found(min(0.5 + 0.5 * effect.estimate, 0.99), numbers, effect, score=min(effect.estimate, 1.0) / 4)


CAUSE = Cause(
    code="penalty-in-loss",
    family=Verdict.MISLEADING_EVALUATION,
    experiment="both sides measured again in inference mode without penalties",
    remedies=("compare data losses or metrics, not `loss` and `val_loss`", "leave the network as it is"),
    examine=examine,
)
