"""Steps that are too small."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN, examine_all, findings
from wellfit.diagnosis.learning_rate_too_low import CAUSE, FACTORS
from wellfit.records import Outcome, Settings

NAMES = [probe.name for probe in CAUSE.probes(samples.SITUATION)]
TENFOLD = "learning rate x10"


def test_a_larger_rate_that_mends_both_losses_is_named() -> None:
    """The rate and the intervention are told."""
    ruling = CAUSE.examine(samples.make_evidence(loss=0.9, train_loss=0.9, gains={TENFOLD: 0.6}))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["intervention"] == TENFOLD


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_gain(name: str, factor: float, outcome: Outcome) -> None:
    """Any of the larger rates may gain enough."""
    assert CAUSE.examine(samples.make_evidence(gains={name: factor * MIN_GAIN})).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_training_loss(factor: float, outcome: Outcome) -> None:
    """The training loss has to fall as well."""
    gains = {TENFOLD: (0.2, factor * MIN_GAIN / 2)}
    assert CAUSE.examine(samples.make_evidence(gains=gains)).outcome is outcome


def test_a_small_network_is_another_cause() -> None:
    """Training loss that is high whatever the rate is not the rate's fault."""
    evidence = samples.make_evidence(loss=0.9, train_loss=0.9, gains={"width x4": 0.5})
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_it_leads_more_epochs_that_gain_less() -> None:
    """Larger steps and more steps arrive both; what gains more is named first."""
    evidence = samples.make_evidence(loss=0.9, train_loss=0.9, gains={TENFOLD: 0.6}, later=0.3)
    codes = [one.code for one in findings(examine_all(evidence))]
    assert codes == [CAUSE.code, "too-few-epochs"]


def test_a_gain_that_is_not_confirmed_is_none() -> None:
    """Fresh trials decide over the first look."""
    evidence = samples.make_evidence(gains={TENFOLD: 0.2}, fresh={TENFOLD: 0.0})
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_rates_that_were_not_tried_leave_it_open() -> None:
    """Without any of the experiments nothing can be said."""
    assert CAUSE.examine(samples.make_evidence(without=NAMES)).outcome is Outcome.CANNOT_TELL


def test_rates_at_which_nothing_converges_are_not_tried() -> None:
    """The next larger rate is always tried, absurd ones never."""
    large = replace(samples.SITUATION, settings=Settings(learning_rate=2.0))
    assert min(FACTORS) > 1
    asked = [probe.changes["learning_rate"] for probe in CAUSE.probes(large)]
    assert asked == [pytest.approx(2.0 * min(FACTORS))]
