"""Networks that were better before the end."""

from __future__ import annotations

import evidence_samples as samples
import numpy as np
import pytest

from wellfit.diagnosis import MIN_GAIN, examine_all, findings
from wellfit.diagnosis.trained_too_long import CAUSE
from wellfit.records import Outcome

LOSS = 0.7


def test_an_earlier_epoch_that_is_better_is_named() -> None:
    """The epoch is told, counted from one."""
    ruling = CAUSE.examine(samples.make_evidence(loss=LOSS, train_loss=0.05, early_loss=0.3))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["best_epoch"] == samples.EPOCHS // 2 + 1
    assert ruling.evidence["gain"] == pytest.approx(LOSS - 0.3)


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold(factor: float, outcome: Outcome) -> None:
    """The earlier end must gain enough."""
    evidence = samples.make_evidence(loss=LOSS, early_loss=LOSS - factor * MIN_GAIN)
    assert CAUSE.examine(evidence).outcome is outcome


def test_the_last_epoch_that_is_best_is_silent() -> None:
    """A loss that falls to the end was not trained for too long."""
    assert CAUSE.examine(samples.make_evidence(loss=LOSS)).outcome is Outcome.SILENT


def test_dips_of_single_trials_are_luck() -> None:
    """Each trial dips at an epoch of its own: an epoch chosen on the others gains nothing."""

    def dip(values: np.ndarray) -> np.ndarray:
        changed = np.full_like(values, LOSS)
        for row in range(len(changed)):
            changed[row, 2 + row] = LOSS - 0.4
        return changed

    evidence = samples.with_runs(samples.make_evidence(loss=LOSS), validation_loss=dip)
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_regularization_that_closes_more_is_named_first() -> None:
    """The best epoch alone closes less than the cause does."""
    evidence = samples.make_evidence(
        loss=LOSS, train_loss=0.05, early_loss=0.5, gains={"L2 0.01": (0.5, -0.1)}
    )
    codes = [one.code for one in findings(examine_all(evidence))]
    assert codes[:2] == ["weak-regularization", CAUSE.code]


def test_fresh_trials_decide() -> None:
    """The epoch of the first look is judged on trials that took no part in choosing it."""
    ruling = CAUSE.examine(samples.make_evidence(loss=LOSS, early_loss=0.3, fresh={}))
    assert ruling.effect is not None
    assert ruling.effect.num_pairs == len(samples.FRESH_TRIALS)
