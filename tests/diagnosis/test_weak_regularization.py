"""Networks that memorize for want of regularization."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN
from wellfit.diagnosis.weak_regularization import CAUSE, DROPOUTS
from wellfit.records import Outcome

NAMES = [probe.name for probe in CAUSE.probes(samples.SITUATION)]


@pytest.mark.parametrize("name", NAMES)
def test_regularization_that_mends_validation_is_named(name: str) -> None:
    """Any kind of it: validation loss falls, training loss rises."""
    ruling = CAUSE.examine(samples.make_evidence(loss=0.8, train_loss=0.05, gains={name: (0.4, -0.2)}))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["intervention"] == name


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_gain(factor: float, outcome: Outcome) -> None:
    """It must gain enough."""
    gains = {NAMES[0]: (factor * MIN_GAIN, -0.1)}
    assert CAUSE.examine(samples.make_evidence(gains=gains)).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.FOUND), (samples.ABOVE, Outcome.SILENT)]
)
def test_at_the_threshold_of_the_training_loss(factor: float, outcome: Outcome) -> None:
    """What also trains better did not keep the network from memorizing."""
    gains = {NAMES[0]: (0.2, factor * MIN_GAIN / 2)}
    assert CAUSE.examine(samples.make_evidence(gains=gains)).outcome is outcome


def test_a_smaller_network_alone_is_another_cause() -> None:
    """Where regularization gains nothing, it is not what is missing."""
    evidence = samples.make_evidence(loss=0.8, train_loss=0.05, gains={"width x0.5": (0.4, -0.2)})
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_the_best_on_the_first_look_is_judged_on_fresh_trials() -> None:
    """What led by luck does not count twice; what was confirmed is what is told."""
    gains = {NAMES[0]: (0.3, -0.1), NAMES[1]: (0.2, -0.1)}
    fresh = {NAMES[0]: (0.1, -0.1), NAMES[1]: (0.25, -0.1)}
    ruling = CAUSE.examine(samples.make_evidence(loss=0.8, gains=gains, fresh=fresh))
    assert ruling.effect is not None
    assert ruling.evidence["intervention"] == NAMES[0]
    assert ruling.effect.estimate == pytest.approx(0.1)
    assert ruling.effect.num_pairs == len(samples.FRESH_TRIALS)


def test_dropout_below_its_own_is_not_asked_for() -> None:
    """Only more of it is more regularization."""
    situation = replace(samples.SITUATION, facts=replace(samples.NETWORK, dropout=max(DROPOUTS)))
    assert not [probe for probe in CAUSE.probes(situation) if "dropout" in probe.name]


def test_what_was_not_tried_stays_open() -> None:
    """Without any of the experiments nothing can be said."""
    assert CAUSE.examine(samples.make_evidence(without=NAMES)).outcome is Outcome.CANNOT_TELL
