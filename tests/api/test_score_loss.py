"""What smaller numbers cost, in the study's metric or in agreement."""

import numpy as np
import pytest

from wellfit.api._score_loss import score_loss
from wellfit.records import Task

SURE = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]])
TARGET = np.array([0, 1, 1, 1])


def changed(*rows: int) -> np.ndarray:
    """Return the predictions with some rows turned round."""
    found = SURE.copy()
    found[list(rows)] = found[list(rows), ::-1]
    return found


@pytest.mark.parametrize(
    ("metric", "rows", "loss"),
    [("accuracy", (), 0), ("accuracy", (0,), 1 / 3), ("accuracy", (3,), -1 / 3)],
)
def test_a_loss_is_a_share_of_the_score(metric, rows, loss):
    """Three of four are right; one fewer is a third lost, one more is a gain."""
    found = score_loss(Task.BINARY, metric, TARGET, SURE, changed(*rows))
    assert (found.metric, found.num_rows) == (metric, 4)
    assert found.loss == pytest.approx(loss)


def test_where_less_is_better_more_is_a_loss():
    """Log loss grows."""
    found = score_loss(Task.BINARY, "log_loss", TARGET, SURE, changed(1))
    assert found.reduced > found.full
    assert found.loss == pytest.approx(found.reduced / found.full - 1)


def test_without_labels_agreement_is_measured():
    """The share of rows with the same class; of values, how far they went in their spread."""
    found = score_loss(Task.BINARY, "log_loss", None, SURE, changed(2))
    assert (found.metric, found.loss) == ("agreement", 0.25)
    values = np.array([[0.0], [2.0]])
    assert score_loss(Task.REGRESSION, "rmse", None, values, values + 0.5).loss == pytest.approx(0.5)


def test_numbers_that_overflow_are_a_loss_of_all():
    """NaN is no score."""
    assert score_loss(Task.BINARY, "accuracy", TARGET, SURE, SURE * np.nan).loss == np.inf
