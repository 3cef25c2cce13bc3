"""Probabilities that are too extreme."""

from __future__ import annotations

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN, overconfidence
from wellfit.diagnosis.overconfidence import CAUSE
from wellfit.records import Outcome

LEARNED = samples.CHANCE - 2 * overconfidence._MIN_SKILL


def cooled(gain: float, temperature: float = 3.0, after: float = LEARNED) -> dict[str, object]:
    """Return facts of a network whose loss a temperature lowers by `gain` to `after`."""
    return {
        "loss_at_one": [after + gain] * len(samples.TRIALS),
        "loss_at_temperature": [after] * len(samples.TRIALS),
        "temperature": temperature,
    }


def test_a_temperature_that_mends_the_loss_is_named() -> None:
    """Dividing the logits by three closes a third of the way."""
    ruling = CAUSE.examine(samples.make_evidence(network=cooled(0.3)))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["temperature"] == 3.0


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_gain(factor: float, outcome: Outcome) -> None:
    """The temperature must gain enough."""
    assert CAUSE.examine(samples.make_evidence(network=cooled(factor * MIN_GAIN))).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_temperature(factor: float, outcome: Outcome) -> None:
    """Near one, or below it, probabilities are not too extreme."""
    network = cooled(0.3, factor * overconfidence._WARM)
    assert CAUSE.examine(samples.make_evidence(network=network)).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_what_was_learned(factor: float, outcome: Outcome) -> None:
    """A network that knows little even at the best temperature has another fault."""
    after = samples.CHANCE - factor * overconfidence._MIN_SKILL
    assert CAUSE.examine(samples.make_evidence(network=cooled(0.2, after=after))).outcome is outcome


def test_training_too_long_changes_what_is_predicted() -> None:
    """Where an earlier end helps and a temperature does not, probabilities are not at fault."""
    evidence = samples.make_evidence(loss=0.7, early_loss=0.3, network=cooled(0.0))
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_regression_has_no_probabilities() -> None:
    """It does not apply."""
    evidence = samples.make_evidence(situation=samples.REGRESSION, network=cooled(0.3))
    assert CAUSE.examine(evidence).outcome is Outcome.NOT_APPLICABLE


def test_without_predictions_it_stays_open() -> None:
    """No temperature could be fitted."""
    evidence = samples.make_evidence(network={"loss_at_one": None})
    assert CAUSE.examine(evidence).outcome is Outcome.CANNOT_TELL
