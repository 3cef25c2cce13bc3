"""Probabilities against hits."""

from __future__ import annotations

import numpy as np
import pytest

from wellfit.evaluation import calibration_error, mean_interval, reliability


def promised(said: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return classes of two, and probabilities of the first that are true."""
    rng = np.random.default_rng(seed)
    return (rng.random(len(said)) >= said).astype(int), np.stack([said, 1 - said], axis=1)


def test_true_probabilities_lie_on_the_diagonal() -> None:
    """Hits are as frequent as promised, in every bin; sharper probabilities promise too much."""
    said = np.random.default_rng(0).uniform(0.5, 1.0, 20_000)
    target, shares = promised(said, 1)
    curve = reliability(target, shares)
    assert curve[:, 2].sum() == len(said)
    np.testing.assert_allclose(curve[:, 1], curve[:, 0], atol=0.03)
    assert calibration_error(target, shares) < 0.02
    sharper = shares**3 / (shares**3).sum(axis=1, keepdims=True)
    assert calibration_error(target, sharper) > 0.08


def test_rounding_moves_no_row_to_another_bin() -> None:
    """A tenth as float32 and as float64 is one bin."""
    shares = np.array([[0.9, 0.1], [0.9, 0.1]])
    assert reliability([0, 0], shares.astype(np.float32)).shape == reliability([0, 0], shares).shape == (1, 3)


@pytest.mark.parametrize("count", [20, 100])
def test_the_interval_covers_the_mean(count: int) -> None:
    """Of skewed losses, in nine of ten samples at least; few rows cost a little."""
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(200):
        low, high = mean_interval(rng.exponential(1.0, count), seed=seed, num_resamples=400)
        hits += low <= 1.0 <= high
    assert 0.87 <= hits / 200 <= 0.99
