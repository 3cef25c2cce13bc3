"""Targets that nothing predicts better."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import pytest

from wellfit.diagnosis.irreducible_noise import CAUSE, MAX_SKILL, MIN_CONFLICT, MIN_FLOOR
from wellfit.records import Outcome

NOISY = {"signal_skill": MAX_SKILL / 2, "certain_error": 0.3, "certain_error_low": 3 * MIN_FLOOR}

up = pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
down = pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.FOUND), (samples.ABOVE, Outcome.SILENT)]
)


def test_mistakes_where_models_are_certain_are_named() -> None:
    """Strong models level off far from perfect and are wrong where they are most certain."""
    ruling = CAUSE.examine(samples.make_evidence(data=NOISY))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["mistakes_where_certain"] == NOISY["certain_error"]


def test_equal_rows_with_unequal_labels_are_named() -> None:
    """Rows that contradict each other bound every model."""
    ruling = CAUSE.examine(samples.make_evidence(data={"conflicting_share": 3 * MIN_CONFLICT}))
    assert ruling.outcome is Outcome.FOUND


def test_certain_models_that_are_right_are_silent() -> None:
    """A clean target is no noise."""
    assert CAUSE.examine(samples.make_evidence()).outcome is Outcome.SILENT


@up
def test_at_the_threshold_of_the_floor(factor: float, outcome: Outcome) -> None:
    """Mistakes where certain decide, at the lower end of their interval."""
    data = {**NOISY, "certain_error_low": factor * MIN_FLOOR}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is outcome


@up
def test_at_the_threshold_of_conflicts(factor: float, outcome: Outcome) -> None:
    """The share of rows that contradict another decides."""
    data = {"conflicting_share": factor * MIN_CONFLICT}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is outcome


@down
@pytest.mark.parametrize("situation", [samples.SITUATION, samples.REGRESSION], ids=["binary", "regression"])
def test_at_the_threshold_of_the_skill(factor: float, outcome: Outcome, situation: object) -> None:
    """References that explain much are at no floor, for classes as for numbers."""
    data = {**NOISY, "signal_skill": factor * MAX_SKILL}
    assert CAUSE.examine(samples.make_evidence(situation=situation, data=data)).outcome is outcome


def test_references_that_do_better_are_another_cause() -> None:
    """A small network or few rows leave a high loss, too, but something else does better."""
    evidence = samples.make_evidence(loss=0.9, train_loss=0.9, gains={"width x4": 0.5})
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_wrong_training_labels_are_another_cause() -> None:
    """Where training labels are more doubtful than validation labels, cleaning mends it."""
    data = {**NOISY, "suspect_z": 8.0, "suspect_excess": 0.3}
    ruling = CAUSE.examine(samples.make_evidence(data=data))
    assert ruling.outcome is Outcome.SILENT
    assert "label-noise" in ruling.reason


def test_without_references_it_stays_open() -> None:
    """Nothing says what can be reached."""
    assert CAUSE.examine(samples.make_evidence(data={"signal_skill": None})).outcome is Outcome.CANNOT_TELL


def test_small_pictures_cannot_tell() -> None:
    """References that see pictures in small level off by that; copies with unequal labels still count."""
    pictures = replace(samples.SITUATION, has_pictures=True)
    ruling = CAUSE.examine(samples.make_evidence(situation=pictures, data=NOISY))
    assert ruling.outcome is Outcome.CANNOT_TELL
    data = {"conflicting_share": 3 * MIN_CONFLICT}
    assert CAUSE.examine(samples.make_evidence(situation=pictures, data=data)).outcome is Outcome.FOUND
