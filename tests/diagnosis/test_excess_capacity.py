"""Networks that are too large for their rows."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN, examine_all, findings
from wellfit.diagnosis.excess_capacity import CAUSE
from wellfit.records import Outcome

NAMES = [probe.name for probe in CAUSE.probes(samples.SITUATION)]


@pytest.mark.parametrize("name", NAMES)
def test_a_smaller_network_that_does_better_is_named(name: str) -> None:
    """Validation loss falls while training loss rises."""
    ruling = CAUSE.examine(samples.make_evidence(loss=0.8, train_loss=0.1, gains={name: (0.4, -0.2)}))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["intervention"] == name


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_gain(factor: float, outcome: Outcome) -> None:
    """The smaller network must gain enough."""
    gains = {NAMES[0]: (factor * MIN_GAIN, -0.1)}
    assert CAUSE.examine(samples.make_evidence(gains=gains)).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.FOUND), (samples.ABOVE, Outcome.SILENT)]
)
def test_at_the_threshold_of_the_training_loss(factor: float, outcome: Outcome) -> None:
    """A smaller network that learns its training rows better was easier to train, not less able."""
    gains = {NAMES[0]: (0.2, factor * MIN_GAIN / 2)}
    assert CAUSE.examine(samples.make_evidence(gains=gains)).outcome is outcome


def test_regularization_that_gains_more_is_named_first() -> None:
    """Both keep the network from memorizing; the larger gain leads."""
    gains = {NAMES[0]: (0.2, -0.1), "L2 0.01": (0.4, -0.1)}
    evidence = samples.make_evidence(loss=0.8, train_loss=0.1, gains=gains)
    assert [one.code for one in findings(examine_all(evidence))] == ["weak-regularization", CAUSE.code]


def test_regularization_alone_is_another_cause() -> None:
    """Where smaller networks gain nothing, size is not at fault."""
    evidence = samples.make_evidence(loss=0.8, train_loss=0.1, gains={"L2 0.01": (0.4, -0.1)})
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_networks_that_cannot_shrink_do_not_apply() -> None:
    """Without a hidden layer nothing is asked for."""
    situation = replace(samples.SITUATION, can_narrow=False, can_shallow=False)
    assert not CAUSE.probes(situation)
    assert CAUSE.examine(samples.make_evidence(situation=situation)).outcome is Outcome.NOT_APPLICABLE


def test_sizes_that_were_not_tried_leave_it_open() -> None:
    """Without any of the experiments nothing can be said."""
    assert CAUSE.examine(samples.make_evidence(without=NAMES)).outcome is Outcome.CANNOT_TELL
