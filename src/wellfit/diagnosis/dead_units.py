"""Units that put out the same for every row pass nothing on and learn nothing.

Look-alikes: `learning_rate_too_high` (which kills units) and `unscaled_inputs` (which saturates them). Told
apart by a census of every hidden layer (dead: constant over all rows; saturated: at the flat ends of a
sigmoid or tanh) and by new weights from standard initializers: they restore training.

Source: Glorot and Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, 2010;
He et al., Delving Deep into Rectifiers, 2015.
"""

from __future__ import annotations

from collections.abc import Sequence

from wellfit.diagnosis._cause import Cause, Ruling, cannot_tell, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import gain_ruling, number
from wellfit.diagnosis._probe import Probe, Situation
from wellfit.records import Verdict

MIN_SHARE = 0.4
"""Share of dead or saturated units of a layer at which it is noted; ReLU leaves some in any network."""
_NAME = "standard initial weights"
_BONUS = -0.1


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for weights from standard initializers."""
    return [Probe(name=_NAME, start="standard")]


def examine(evidence: Evidence) -> Ruling:
    """Found where units are dead or saturated and other initial weights restore training."""
    network = evidence.facts.network
    share = max(number(network.get("dead_share"), 0.0), number(network.get("saturated_share"), 0.0))
    numbers = {
        "dead_share": network.get("dead_share"),
        "saturated_share": network.get("saturated_share"),
        "layer": network.get("dead_layer"),
        "symmetric": network.get("symmetric"),
    }
    if "dead_share" not in network:
        return cannot_tell("the network's layers cannot be listed")
    if share < MIN_SHARE and not network.get("symmetric"):
        return silent("no layer has many dead or saturated units at the start or at the end", numbers)
    return gain_ruling(
        evidence,
        [_NAME, "drawn anew"],
        numbers=numbers,
        discount=_BONUS,
        what="units are dead, and other initial weights gain no more than noise does",
    )


CAUSE = Cause(
    code="dead-units",
    family=Verdict.NOT_LEARNING,
    experiment="a census of the units of every hidden layer; the same training from standard initial weights",
    remedies=("he_normal for ReLU, glorot_uniform otherwise, zero biases", "normalize between layers"),
    examine=examine,
    probes=probes,
)
