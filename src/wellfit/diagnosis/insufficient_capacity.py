"""The network is too small to express what the rows hold.

Look-alikes: everything that makes training slow (`learning_rate_too_low`, `too_few_epochs`) or holds it
down (`over_regularized`, `dead_units`). Told apart by wider and deeper networks with the same training:
training *and* validation loss fall, by more than any change of the optimization gives.

Source: Goodfellow, Bengio and Courville, Deep Learning, 2016, section 5.2.
"""

from __future__ import annotations

from collections.abc import Sequence

from wellfit.diagnosis._cause import MIN_GAIN, Cause, Ruling, not_applicable
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import gain_ruling, train_gain
from wellfit.diagnosis._probe import Probe, Situation
from wellfit.records import Verdict

_DISCOUNT = 0.03  # a wider network also trains faster, so that it wins ties with the optimization


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for a wider and a deeper network."""
    asked = list[Probe]()
    if situation.can_widen:
        asked.append(Probe(name="width x4", network="wider"))
    if situation.can_deepen:
        asked.append(Probe(name="one layer more", network="deeper"))
    return asked


def examine(evidence: Evidence) -> Ruling:
    """Found where a larger network lowers training and validation loss."""
    names = [probe.name for probe in probes(evidence.situation)]
    if not names:
        return not_applicable("hidden layers of this network cannot be made larger")
    return gain_ruling(
        evidence,
        names,
        accepts=lambda name, _: train_gain(evidence, name) > MIN_GAIN / 2,
        numbers={"num_parameters": evidence.situation.facts.num_parameters},
        discount=_DISCOUNT,
        what="no larger network lowers training and validation loss",
    )


CAUSE = Cause(
    code="insufficient-capacity",
    family=Verdict.UNDERFITTING,
    experiment="a network four times as wide (twice on pictures) and one a layer deeper, trained alike",
    remedies=("use more units", "use more layers"),
    examine=examine,
    probes=probes,
)
