"""Networks that are too small."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN, examine_all, findings
from wellfit.diagnosis.insufficient_capacity import CAUSE
from wellfit.records import Outcome

NAMES = [probe.name for probe in CAUSE.probes(samples.SITUATION)]


@pytest.mark.parametrize("name", NAMES)
def test_a_larger_network_that_mends_both_losses_is_named(name: str) -> None:
    """Wider or deeper: which one is told."""
    ruling = CAUSE.examine(samples.make_evidence(loss=0.9, train_loss=0.9, gains={name: 0.5}))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["intervention"] == name


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_gain(factor: float, outcome: Outcome) -> None:
    """The larger network must gain enough."""
    assert CAUSE.examine(samples.make_evidence(gains={NAMES[0]: factor * MIN_GAIN})).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_training_loss(factor: float, outcome: Outcome) -> None:
    """A network that was too small learns its training rows better when it is larger."""
    gains = {NAMES[0]: (0.2, factor * MIN_GAIN / 2)}
    assert CAUSE.examine(samples.make_evidence(gains=gains)).outcome is outcome


def test_it_gives_way_to_the_optimization_that_gains_as_much() -> None:
    """A larger network also trains faster: at equal gains the learning rate is named first."""
    gains = {NAMES[0]: 0.4, "learning rate x10": 0.4}
    codes = [
        one.code
        for one in findings(examine_all(samples.make_evidence(loss=0.9, train_loss=0.9, gains=gains)))
    ]
    assert codes == ["learning-rate-too-low", CAUSE.code]


def test_networks_that_cannot_grow_do_not_apply() -> None:
    """Without a hidden layer that can be widened or repeated nothing is asked for."""
    situation = replace(samples.SITUATION, can_widen=False, can_deepen=False)
    assert not CAUSE.probes(situation)
    assert CAUSE.examine(samples.make_evidence(situation=situation)).outcome is Outcome.NOT_APPLICABLE


def test_no_room_for_a_larger_network_is_silent() -> None:
    """It is not tried where the network is at the best level already."""
    ruling = CAUSE.examine(samples.make_evidence(skipped=dict.fromkeys(NAMES, "no room")))
    assert (ruling.outcome, ruling.reason) == (Outcome.SILENT, "no room")
    assert CAUSE.examine(samples.make_evidence(without=NAMES)).outcome is Outcome.CANNOT_TELL
