"""The network is larger than the rows can support: a smaller one does better on the same rows.

Look-alikes: `weak_regularization` and `trained_too_long` make the same curves. Told apart by networks with
fewer units and fewer layers: validation loss falls while training loss does not.

Source: Geman, Bienenstock and Doursat, Neural Networks and the Bias/Variance Dilemma, 1992.
"""

from __future__ import annotations

from collections.abc import Sequence

from wellfit.diagnosis._cause import MIN_GAIN, Cause, Ruling, not_applicable
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import gain_ruling, train_gain
from wellfit.diagnosis._probe import Probe, Situation
from wellfit.records import Verdict

WIDTHS = (0.5, 0.125)


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for narrower and shallower networks."""
    asked = list[Probe]()
    if situation.can_narrow:
        asked += [Probe(name=f"width x{share:g}", changes={"width": share}) for share in WIDTHS]
    if situation.can_shallow:
        asked.append(Probe(name="one layer fewer", changes={"depth": -1}))
    return asked


def examine(evidence: Evidence) -> Ruling:
    """Found where a smaller network has the lower validation loss, and not by training better."""
    names = [probe.name for probe in probes(evidence.situation)]
    if not names:
        return not_applicable("hidden layers of this network cannot be made smaller")
    return gain_ruling(
        evidence,
        names,
        accepts=lambda name, _: train_gain(evidence, name) < MIN_GAIN / 2,
        numbers={"num_parameters": evidence.situation.facts.num_parameters},
        what="no smaller network does better beyond noise",
    )


CAUSE = Cause(
    code="excess-capacity",
    family=Verdict.OVERFITTING,
    experiment="narrower and shallower networks on the same rows",
    remedies=("use fewer units or layers", "regularize", "collect more rows"),
    examine=examine,
    probes=probes,
)
