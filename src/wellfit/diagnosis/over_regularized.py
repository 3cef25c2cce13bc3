"""Penalties, dropout, weight decay or label smoothing hold the network down.

Look-alikes: `insufficient_capacity` and `learning_rate_too_low` (training loss is high as well). Told apart
by turning each off alone: training *and* validation loss must fall.

Source: Srivastava et al., Dropout, 2014; Krogh and Hertz, A Simple Weight Decay Can Improve Generalization,
1991.
"""

from __future__ import annotations

from collections.abc import Sequence

from wellfit.diagnosis._cause import MIN_GAIN, Cause, Ruling, not_applicable
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import gain_ruling, train_gain
from wellfit.diagnosis._probe import Probe, Situation
from wellfit.records import Verdict

_LARGE_DECAY = 5e-3  # Keras' own default for AdamW is 4e-3, which holds nothing down


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for each kind of regularization off, and for all of them."""
    facts, asked = situation.facts, list[Probe]()
    off: dict[str, object] = {}
    if facts.penalty > 0:
        asked.append(Probe(name="without penalties", changes={"penalty_scale": 0.0}))
        off["penalty_scale"] = 0.0
    if facts.dropout > 0:
        asked.append(Probe(name="without dropout", changes={"dropout_scale": 0.0}))
        asked.append(Probe(name="half the dropout", changes={"dropout_scale": 0.5}))
        off["dropout_scale"] = 0.0
    if situation.settings.label_smoothing > 0:
        asked.append(Probe(name="without label smoothing", changes={"label_smoothing": 0.0}))
        off["label_smoothing"] = 0.0
    if len(off) > 1:
        asked.append(Probe(name="without any regularization", changes=off))
    if facts.weight_decay > _LARGE_DECAY and facts.has_graph:
        asked.append(Probe(name="without weight decay", network="undecayed"))
    return asked


def examine(evidence: Evidence) -> Ruling:
    """Found where less regularization lowers training and validation loss."""
    names = [probe.name for probe in probes(evidence.situation)]
    if not names:
        return not_applicable("the network has no penalty, no dropout, no decay and no label smoothing")
    facts = evidence.situation.facts
    return gain_ruling(
        evidence,
        names,
        accepts=lambda name, _: train_gain(evidence, name) > MIN_GAIN / 2,
        numbers={"penalty": facts.penalty, "dropout": facts.dropout, "weight_decay": facts.weight_decay},
        what="turning regularization off does not lower both losses",
    )


CAUSE = Cause(
    code="over-regularized",
    family=Verdict.UNDERFITTING,
    experiment="each penalty, dropout and decay turned off, one at a time",
    remedies=("remove or weaken what was turned off",),
    examine=examine,
    probes=probes,
)
