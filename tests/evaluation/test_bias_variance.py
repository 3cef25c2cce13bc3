"""The error divides exactly, and into what it should."""

from __future__ import annotations

import numpy as np
import pytest

from wellfit.evaluation import bias_variance_of, corrected_interval, score
from wellfit.records import DataError, Task

RNG = np.random.default_rng(0)
CODES = RNG.integers(0, 3, 50)
PROBABILITIES = RNG.dirichlet(np.ones(3), size=(12, 50))


@pytest.mark.parametrize("loss", ["brier", "log_loss"])
def test_bias_and_variance_add_up(loss: str) -> None:
    """Their sum is the mean loss, neither is negative, and equal networks have no variance."""
    found = bias_variance_of(Task.MULTICLASS, CODES, PROBABILITIES, loss=loss)  # type: ignore[arg-type]
    assert found.error == pytest.approx(found.bias + found.variance, rel=1e-9)
    assert min(found) > 0
    same = np.repeat(PROBABILITIES[:1], 4, axis=0)
    alone = bias_variance_of(Task.MULTICLASS, CODES, same, loss=loss)  # type: ignore[arg-type]
    assert alone.variance == pytest.approx(0.0, abs=1e-12)
    assert alone.bias == pytest.approx(alone.error)


def test_the_error_is_the_log_loss() -> None:
    """The mean over networks and rows, as the metric has it."""
    found = bias_variance_of(Task.MULTICLASS, CODES, PROBABILITIES, loss="log_loss")
    losses = [score("log_loss", Task.MULTICLASS, CODES, p) for p in PROBABILITIES]
    assert found.error == pytest.approx(np.mean(losses), rel=1e-5)


def test_regression_finds_the_variance_that_is_there() -> None:
    """Predictions with standard deviation 2 around an offset of 1: variance 4, squared bias 1."""
    target = RNG.normal(size=(4000, 1))
    guesses = target + 1 + 2 * RNG.normal(size=(200, 4000, 1))
    found = bias_variance_of(Task.REGRESSION, target, guesses)
    assert found.variance == pytest.approx(4, rel=0.02)
    assert found.bias == pytest.approx(1, rel=0.05)


def test_what_does_not_fit_is_refused() -> None:
    """Another loss, and another number of rows."""
    with pytest.raises(DataError, match="squared_error"):
        bias_variance_of(Task.REGRESSION, [1.0], [[[1.0]]], loss="brier")
    with pytest.raises(DataError, match="shape"):
        bias_variance_of(Task.MULTICLASS, CODES[:3], PROBABILITIES)


def test_corrected_interval() -> None:
    """Overlap widens it; a single score has none."""
    scores = RNG.normal(size=10)
    mean, low, high = corrected_interval(scores, 0.25)
    _, plain, _ = corrected_interval(scores, 0.0)
    assert low < plain < mean < high
    assert (mean - low) / (mean - plain) == pytest.approx(np.sqrt(0.35 / 0.1))
    assert np.isnan(corrected_interval([1.0], 0.2)[1])
