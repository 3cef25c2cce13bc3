"""Training that was ended while losses still fell."""

from __future__ import annotations

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN
from wellfit.diagnosis.too_few_epochs import CAUSE
from wellfit.records import Outcome


def test_losses_that_fall_further_are_named() -> None:
    """Both losses fall by a lot after the last epoch: the best epoch is told, counted from one."""
    ruling = CAUSE.examine(samples.make_evidence(loss=0.8, train_loss=0.8, later=0.5))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["epochs"] == samples.EPOCHS
    assert ruling.evidence["best_epoch"] > samples.EPOCHS
    assert ruling.evidence["train_gain"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_gain(factor: float, outcome: Outcome) -> None:
    """Validation loss must fall by what is worth naming."""
    assert CAUSE.examine(samples.make_evidence(later=factor * MIN_GAIN)).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_training_loss(factor: float, outcome: Outcome) -> None:
    """Training loss must fall as well."""
    assert CAUSE.examine(samples.make_evidence(later=(0.2, factor * MIN_GAIN / 2))).outcome is outcome


def test_a_small_network_is_another_cause() -> None:
    """Where more epochs change nothing, they are not what is missing."""
    evidence = samples.make_evidence(loss=0.9, train_loss=0.9, gains={"width x4": 0.5})
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_a_loss_that_rises_after_the_end_is_silent() -> None:
    """Training for longer may do harm."""
    assert CAUSE.examine(samples.make_evidence(later=(-0.3, 0.2))).outcome is Outcome.SILENT


def test_without_longer_training_it_stays_open() -> None:
    """There was no time to look behind the last epoch."""
    assert CAUSE.examine(samples.make_evidence(longer=1)).outcome is Outcome.CANNOT_TELL


def test_fresh_trials_decide() -> None:
    """The best epoch is chosen on the first look and judged on trials that took no part in it."""
    evidence = samples.make_evidence(loss=0.8, train_loss=0.8, later=0.5, fresh={})
    ruling = CAUSE.examine(evidence)
    assert ruling.effect is not None
    assert ruling.effect.num_pairs == len(samples.FRESH_TRIALS)
