"""The steps are so small that training ends long before it has arrived.

Look-alikes: `too_few_epochs` (more steps of the same size help as well), `insufficient_capacity` and
`over_regularized` (training loss is high whatever the step). Told apart by training with 3 to 1000 times the
learning rate and the same number of updates, also warmed up and with clipped gradients: training *and*
validation loss must fall.

Source: Smith, Cyclical Learning Rates for Training Neural Networks, 2017 (learning-rate range test).
"""

from __future__ import annotations

from collections.abc import Sequence

from wellfit.diagnosis._cause import MIN_GAIN, Cause, Ruling
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import gain_ruling, train_gain
from wellfit.diagnosis._probe import Probe, Situation
from wellfit.diagnosis.learning_rate_too_high import CLIP_NORM, WARMUP
from wellfit.records import Verdict

FACTORS = (3.0, 10.0, 100.0, 1000.0)
_MILD = 10.0  # larger factors are tried on many rows only where this one gains
_MAX_RATE = 1.0  # beyond it no optimizer is expected to converge


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for larger learning rates."""
    own = situation.settings.learning_rate
    asked = [
        Probe(
            name=f"learning rate x{factor:g}",
            changes={"learning_rate": own * factor},
            after=f"learning rate x{_MILD:g}" if factor > _MILD else "",
        )
        for factor in FACTORS
        if own * factor <= max(_MAX_RATE, own * 3)
    ]
    if own * _MILD <= _MAX_RATE and not situation.facts.clips:
        gently = {"learning_rate": own * _MILD, "warmup": WARMUP, "clip_norm": CLIP_NORM}
        asked.append(Probe(name=f"learning rate x{_MILD:g}, warmed up and clipped", changes=gently))
    return asked


def examine(evidence: Evidence) -> Ruling:
    """Found where a larger rate lowers training and validation loss."""
    names = [probe.name for probe in probes(evidence.situation)]
    return gain_ruling(
        evidence,
        names,
        accepts=lambda name, _: train_gain(evidence, name) > MIN_GAIN / 2,
        numbers={"learning_rate": evidence.situation.settings.learning_rate},
        what="no larger learning rate lowers training and validation loss",
    )


CAUSE = Cause(
    code="learning-rate-too-low",
    family=Verdict.UNDERFITTING,
    experiment="the same number of updates with 3 to 1000 times the learning rate",
    remedies=("use the larger learning rate", "train for more epochs"),
    examine=examine,
    probes=probes,
)
