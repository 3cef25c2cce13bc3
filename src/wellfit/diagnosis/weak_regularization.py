"""The network memorizes, and more regularization at the same structure would keep it from doing so.

Look-alikes: `excess_capacity` (a smaller network does better), `trained_too_long` (the best epoch alone
closes it), `label_noise`. Told apart by more L1, L2, weight decay, dropout and label smoothing, one at a
time: validation loss falls while training loss does not.

Source: Krogh and Hertz, A Simple Weight Decay Can Improve Generalization, 1991; Srivastava et al., Dropout,
2014.
"""

from __future__ import annotations

from collections.abc import Sequence

from wellfit.diagnosis._cause import MIN_GAIN, Cause, Ruling
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import gain_ruling, train_gain
from wellfit.diagnosis._probe import Probe, Situation
from wellfit.records import Verdict

L2_STRENGTHS = (1e-3, 1e-2, 3e-2)
L1_STRENGTHS = (1e-3,)
DECAYS = (0.3,)
DROPOUTS = (0.2, 0.5)


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for more of each kind."""
    asked = [Probe(name=f"L2 {s:g}", changes={"l2": s}) for s in L2_STRENGTHS]
    if situation.can_dropout:
        rates = [rate for rate in DROPOUTS if rate > situation.facts.dropout]
        asked += [Probe(name=f"dropout {rate:g}", changes={"dropout": rate}) for rate in rates]
    if situation.is_small:
        asked += [Probe(name=f"L1 {s:g}", changes={"l1": s}) for s in L1_STRENGTHS]
        asked += [Probe(name=f"weight decay {s:g}", changes={"weight_decay": s}) for s in DECAYS]
    if situation.task.is_classification and not situation.settings.label_smoothing:
        asked.append(Probe(name="label smoothing 0.1", changes={"label_smoothing": 0.1}))
    return asked


def examine(evidence: Evidence) -> Ruling:
    """Found where more regularization lowers validation loss, and not by training better."""
    return gain_ruling(
        evidence,
        [probe.name for probe in probes(evidence.situation)],
        accepts=lambda name, _: train_gain(evidence, name) < MIN_GAIN / 2,
        what="no stronger regularization lowers validation loss beyond noise",
    )


CAUSE = Cause(
    code="weak-regularization",
    family=Verdict.OVERFITTING,
    experiment="more L1, L2, weight decay, dropout and label smoothing, one at a time",
    remedies=("add the regularization that gained most", "stop early", "collect more rows"),
    examine=examine,
    probes=probes,
)
