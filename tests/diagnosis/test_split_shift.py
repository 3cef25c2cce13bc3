"""Validation rows that are drawn otherwise than training rows."""

from __future__ import annotations

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN, Evidence
from wellfit.diagnosis.split_shift import CAUSE, MAX_LABEL_P, MIN_AUC, gap_to_pooled
from wellfit.records import Outcome

GIVEN = (0, 1)
TOLD_APART = {"shift_auc": 0.95, "shift_auc_low": 0.9}


def harder_by(gap: float, **data: object) -> Evidence:
    """Return evidence of given validation rows whose loss is higher by `gap` than that of random splits."""
    return samples.make_evidence(
        losses=dict.fromkeys(GIVEN, samples.LOSS + gap),
        given=(*GIVEN, samples.START_TRIAL),
        data={"validation_error": 1e-3, **data},
    )


def test_other_rows_that_are_harder_are_named() -> None:
    """Sides that can be told apart, and an easier random split: found, and before everything else."""
    ruling = CAUSE.examine(harder_by(0.4, **TOLD_APART))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.tier == 0
    assert ruling.evidence["validation_loss_pooled"] == pytest.approx(samples.LOSS)


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_gap(factor: float, outcome: Outcome) -> None:
    """The random split must be easier by what is worth naming."""
    # The start trial is on the given rows as well and ends as the others do: a third of the mean.
    gap = factor * MIN_GAIN * 3 / 2
    evidence = harder_by(gap, **TOLD_APART)
    assert gap_to_pooled(evidence).estimate == pytest.approx(factor * MIN_GAIN)
    assert CAUSE.examine(evidence).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_classifier(factor: float, outcome: Outcome) -> None:
    """The lower end of the interval of the area decides whether sides can be told apart."""
    assert CAUSE.examine(harder_by(0.4, shift_auc_low=factor * MIN_AUC)).outcome is outcome


@pytest.mark.parametrize(("factor", "outcome"), [(2.0, Outcome.SILENT), (0.5, Outcome.FOUND)])
def test_at_the_threshold_of_the_labels(factor: float, outcome: Outcome) -> None:
    """Other class shares alone are a shift, if chance hardly ever makes them."""
    assert CAUSE.examine(harder_by(0.4, label_shift_p=factor * MAX_LABEL_P)).outcome is outcome


def test_overfitting_is_a_gap_on_any_split() -> None:
    """A wide gap between training and validation that a random split leaves open is no shift."""
    evidence = samples.make_evidence(loss=0.9, train_loss=0.1, data=TOLD_APART)
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_uncertain_validation_rows_are_no_proof() -> None:
    """A gap as large as the error of the given validation loss may be their luck."""
    assert CAUSE.examine(harder_by(0.4, **TOLD_APART, validation_error=0.3)).outcome is Outcome.SILENT


def test_drawn_validation_rows_do_not_apply() -> None:
    """Rows that were split at random here cannot have been split otherwise."""
    ruling = CAUSE.examine(harder_by(0.4, **TOLD_APART, has_own_validation=False))
    assert ruling.outcome is Outcome.NOT_APPLICABLE
