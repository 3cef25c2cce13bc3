"""The expected score covers the true one, and is refused where it cannot be known."""

from __future__ import annotations

import numpy as np
import pytest

from wellfit.drift import Reference, compare, count, make_reference
from wellfit.records import Scored, Task


def calibrated(rng: np.random.Generator, num_rows: int, sure: float) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities of three classes and labels drawn from them."""
    logits = sure * rng.normal(size=(num_rows, 3))
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    target = (probability.cumsum(axis=1) < rng.random((num_rows, 1))).sum(axis=1)
    return probability, target


def referred(rng: np.random.Generator, metric: str, num_rows: int = 400) -> Reference:
    """Return the reference of a holdout of such rows."""
    probability, target = calibrated(rng, num_rows, 1.5)
    names = ("a", "b", "c")
    score = Scored(value=0.7, low=0.65, high=0.75)
    return make_reference(
        {},
        task=Task.MULTICLASS,
        class_names=names,
        metric=metric,
        direction="maximize" if metric in ("accuracy", "roc_auc") else "minimize",
        score=score,
        prediction=probability,
        target=target,
    )


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "brier"])
def test_the_interval_covers_the_true_score(metric: str) -> None:
    """Of rows that the network is less sure of, 95 % nominal, by 100 draws (at least 90)."""
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(100):
        reference = referred(rng, metric)
        probability, target = calibrated(rng, 300, 1.1)
        window = count(reference, {}, probability, target=target)
        found = compare(reference, window).expected
        place = ("log_loss", "accuracy", "brier").index(metric)
        true = window.losses[place, 0] / 300
        covered += found.score.low <= true <= found.score.high
    assert covered >= 90


def test_worse_is_rarely_said_of_what_is_as_before() -> None:
    """One-sided at half a percent: at most 3 of 100 windows (more is below one in a thousand)."""
    rng = np.random.default_rng(12)
    alarms = 0
    for _ in range(100):
        reference = referred(rng, "accuracy")
        window = count(reference, {}, calibrated(rng, 300, 1.5)[0])
        alarms += compare(reference, window).expected.p_value < 0.005
    assert alarms <= 3


def test_areas_are_not_guessed() -> None:
    """Accuracy stands for them, and that is said."""
    rng = np.random.default_rng(0)
    found = compare(reference := referred(rng, "roc_auc"), count(reference, {}, calibrated(rng, 200, 1.5)[0]))
    assert found.expected.metric == "accuracy"
    assert "roc_auc cannot be known without labels" in found.expected.reason


def test_values_are_refused() -> None:
    """A predicted value does not say how sure it is; with labels the score is known."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=500)
    reference = make_reference(
        {},
        task=Task.REGRESSION,
        metric="rmse",
        score=Scored(value=1.0, low=0.9, high=1.1),
        chance=1.4,
        prediction=truth + rng.normal(size=500),
        target=truth,
    )
    new = rng.normal(size=400)
    window = count(reference, {}, new + 2 * rng.normal(size=400), target=new)
    found = compare(reference, window)
    assert not found.expected.is_known
    assert "labels are needed" in found.expected.reason
    assert found.measured is not None
    assert found.measured.score.value == pytest.approx(2.0, rel=0.1)
    assert found.measured.score.low < 2.0 < found.measured.score.high
    assert found.advice == "retrain"


def test_without_a_holdout_nothing_is_guessed() -> None:
    """And the reason is said."""
    reference = make_reference({}, task=Task.BINARY, class_names=("a", "b"), metric="log_loss")
    found = compare(reference, count(reference, {}, [[0.2, 0.8]]))
    assert "no holdout" in found.expected.reason
    assert found.predictions is None


def test_a_score_of_another_kind_is_given() -> None:
    """Metrics that are no mean over rows come from the rows themselves; counts alone do not have them."""
    rng = np.random.default_rng(0)
    reference = referred(rng, "roc_auc")
    probability, target = calibrated(rng, 200, 1.5)
    window = count(reference, {}, probability, target=target)
    given = compare(reference, window, score=Scored(value=0.5, low=0.45, high=0.55)).measured
    missing = compare(reference, window).measured
    assert given is not None
    assert given.score.value == 0.5
    assert given.p_value < 0.001
    assert missing is not None
    assert not missing.is_known
