"""Units or layers pass no gradient on and learn nothing.

Look-alikes: `learning_rate_too_high` (which kills units) and `unscaled_inputs` (which saturates them). Told
apart by a census of every hidden layer (dead: constant over all rows; saturated: at the flat ends of a
sigmoid or tanh), by the gradient of every layer where training starts (vanishing or exploding towards the
inputs), and by new weights from standard initializers or normalization between layers: they restore training.

Source: Glorot and Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, 2010;
He et al., Delving Deep into Rectifiers, 2015.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wellfit.diagnosis._cause import Cause, Ruling, found, not_applicable, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import gain_ruling, number
from wellfit.diagnosis._probe import BASELINE, Probe, Situation
from wellfit.records import Verdict

MIN_SHARE = 0.4
"""Share of dead or saturated units of a layer at which it is noted; ReLU leaves some in any network."""
MIN_START_GAIN = 0.4
"""Gain of freshly drawn weights over those that the network came with, beyond any luck of the draw."""
VANISHING = 1e-3
"""Gradient of the first layer over that of the last, below which it vanishes; above its inverse it explodes.

Usual initializers keep it of one size from layer to layer (Glorot and Bengio, 2010); layers of unequal width
differ by the root of the ratio of their widths, ten at most.
"""
_NAME = "standard initial weights"
_NORMALIZED = "normalization between layers"
GRADIENTS = ("gradient_by_layer", "gradient_ratio", "gradient_layer")
_BONUS = -0.1


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for weights from standard initializers, and for normalization, which is tried where it may help."""
    asked = [Probe(name=_NAME, start="standard")]
    return [*asked, Probe(name=_NORMALIZED, network="normalized")] if situation.can_deepen else asked


def is_suspected(network: Mapping[str, object]) -> bool:
    """Return whether a census found a layer with many dead or saturated units, or a gradient that is lost."""
    ratio = number(network.get("gradient_ratio"), 1.0)
    is_lost = not VANISHING <= ratio <= 1 / VANISHING
    return _share(network) >= MIN_SHARE or bool(network.get("symmetric")) or is_lost


def _share(network: Mapping[str, object]) -> float:
    return max(number(network.get("dead_share"), 0.0), number(network.get("saturated_share"), 0.0))


def examine(evidence: Evidence) -> Ruling:
    """Found where units are dead or saturated and other initial weights restore training."""
    network = evidence.facts.network
    numbers = {
        "dead_share": network.get("dead_share"),
        "saturated_share": network.get("saturated_share"),
        "layer": network.get("dead_layer"),
        "symmetric": network.get("symmetric"),
    }
    if "gradient_by_layer" in network:
        numbers |= {name: network[name] for name in GRADIENTS if name in network}
    given = start_gain(evidence)
    if given is not None and given > MIN_START_GAIN:
        told = {**numbers, "gain_of_drawn_over_given_weights": given}
        return found(0.9, told, tier=0, score=given)
    if "dead_share" not in network:
        return not_applicable("the network has no hidden layer with a nonlinearity that can be listed")
    if not is_suspected(network):
        return silent("no layer has many dead or saturated units, and none loses the gradient", numbers)
    return gain_ruling(
        evidence,
        [_NAME, _NORMALIZED],
        numbers=numbers,
        discount=_BONUS,
        what="units are dead or the gradient is lost, and neither other initial weights nor normalization "
        "gains more than noise does",
    )


def start_gain(evidence: Evidence) -> float | None:
    """Return how much better the network does from freshly drawn weights than from those it came with.

    None where it came trained, or where either was not run.
    """
    base, start = evidence.runs[BASELINE], evidence.facts.network.get("start_trial")
    if evidence.facts.network.get("is_trained") or not isinstance(start, int) or not evidence.given:
        return None
    if start not in base.trials or evidence.given[0] not in base.trials:
        return None
    # On training rows, where the rows that are drawn play no part: dead units keep both losses up.
    losses = evidence.final(BASELINE, [start, evidence.given[0]], side="train")
    # Where there is hardly a signal the scale is small, and memorizing noise is no gain.
    return float(losses[0] - losses[1]) / max(evidence.scale, 0.3 * abs(evidence.chance_loss))


CAUSE = Cause(
    code="dead-units",
    family=Verdict.NOT_LEARNING,
    experiment="a census of units and gradients of every layer; the same training from standard initial "
    "weights, and with normalization between layers",
    remedies=("he_normal for ReLU, glorot_uniform otherwise, zero biases", "normalize between layers"),
    examine=examine,
    probes=probes,
)
