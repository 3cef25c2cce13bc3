"""The paired bootstrap: orientation, coverage, groups."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from wellfit.evaluation import metric_names, paired_bootstrap, score
from wellfit.records import DataError, SettingsError, Task


def _pair(seed: int, num_rows: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return codes, poor probabilities and better ones."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, num_rows)
    poor, good = (
        1 / (1 + np.exp(-(gain * (2 * target - 1) + rng.normal(size=num_rows)))) for gain in (0.2, 1.5)
    )
    return target, np.stack([1 - poor, poor], axis=1), np.stack([1 - good, good], axis=1)


@pytest.mark.parametrize("metric", metric_names(Task.BINARY))
def test_positive_means_that_b_is_better(metric: str) -> None:
    """For metrics of either direction a clearly better b gives a positive interval; swapping mirrors it."""
    target, poor, good = _pair(0)
    estimate, low, high = paired_bootstrap(Task.BINARY, metric, target, poor, good, seed=0, num_resamples=400)
    scores = [score(metric, Task.BINARY, target, one) for one in (poor, good)]
    assert abs(estimate) == pytest.approx(abs(scores[1] - scores[0]))
    mirrored = paired_bootstrap(Task.BINARY, metric, target, good, poor, seed=0, num_resamples=400)
    assert mirrored == pytest.approx((-estimate, -high, -low))
    if metric != "calibration_error":  # the better ranking need not be the better calibrated one
        assert 0 < low < estimate < high


def test_equal_predictions_differ_by_nothing() -> None:
    """The same predictions on both sides give exactly zero."""
    target, poor, _ = _pair(0)
    assert paired_bootstrap(Task.BINARY, "roc_auc", target, poor, poor, seed=0) == (0.0, 0.0, 0.0)


def test_resamples_of_auc_equal_scikit_learn_on_drawn_rows() -> None:
    """Weighting rows by how often they were drawn is the same as drawing them."""
    target, poor, good = _pair(1, num_rows=40)
    drawn = np.random.default_rng(3).integers(0, 40, (100, 40))
    expected = [
        roc_auc_score(target[rows], good[rows, 1]) - roc_auc_score(target[rows], poor[rows, 1])
        for rows in drawn
    ]
    found = paired_bootstrap(Task.BINARY, "roc_auc", target, poor, good, seed=3, num_resamples=100)
    assert found[1:] == pytest.approx(tuple(np.percentile(expected, [2.5, 97.5])))


def test_interval_covers_the_truth() -> None:
    """Over 300 samples from a known population the interval holds the true difference in 90 to 98 %."""
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(300):
        target = rng.normal(size=80)
        shared = rng.normal(size=80)
        worse, better = target + shared + 0.5 * rng.normal(size=80), target + shared
        _, low, high = paired_bootstrap(
            Task.REGRESSION, "mse", target, worse, better, seed=seed, num_resamples=300
        )
        covered += low <= 0.25 <= high
    assert 0.90 <= covered / 300 <= 0.98


def test_groups_are_drawn_together() -> None:
    """Rows repeated ten times tell nothing new: with groups the interval stays as wide as without repeats."""
    rng = np.random.default_rng(0)
    target, worse, better = rng.normal(size=(3, 100))
    better = target + 0.5 * better
    repeated = [np.repeat(values, 10) for values in (target, worse, better)]
    groups = np.repeat(rng.permutation(100) * 7, 10)

    def width(*arrays: np.ndarray, groups: np.ndarray | None = None) -> float:
        _, low, high = paired_bootstrap(Task.REGRESSION, "mse", *arrays, seed=0, groups=groups)
        return high - low

    alone, naive, clustered = width(target, worse, better), width(*repeated), width(*repeated, groups=groups)
    assert clustered == pytest.approx(alone, rel=0.1)
    assert naive < 0.5 * alone


def test_large_input_is_chunked_to_the_same_distribution() -> None:
    """Rows above the chunk bound give an interval close to the normal one."""
    rng = np.random.default_rng(0)
    target = rng.normal(size=30_000)
    worse, better = target + rng.normal(size=(2, 30_000)) * np.array([[1.1], [1.0]])
    estimate, low, high = paired_bootstrap(
        Task.REGRESSION, "mse", target, worse, better, seed=0, num_resamples=300
    )
    losses = np.square(worse - target) - np.square(better - target)
    half = 1.96 * losses.std() / np.sqrt(losses.size)
    assert (low, high) == pytest.approx((estimate - half, estimate + half), rel=0.15)


def test_undefined_cases_are_nan() -> None:
    """A prediction that is not finite, and a metric that most resamples cannot give, are NaN."""
    target, poor, good = _pair(0)
    good[0] = np.nan
    assert np.isnan(paired_bootstrap(Task.BINARY, "log_loss", target, poor, good, seed=0)).all()
    one = np.zeros(40, int)
    assert np.isnan(paired_bootstrap(Task.BINARY, "roc_auc", one, poor[:40], poor[:40], seed=0)).all()


def test_seed_decides() -> None:
    """The same seed gives the same interval, another seed another one."""
    target, poor, good = _pair(0)
    first, again, other = (
        paired_bootstrap(Task.BINARY, "log_loss", target, poor, good, seed=seed) for seed in (0, 0, 1)
    )
    assert first == again
    assert first[1:] != other[1:]


def test_arguments_are_checked() -> None:
    """Too few resamples and groups of another length are refused."""
    target, poor, good = _pair(0)
    with pytest.raises(SettingsError, match="at least 100"):
        paired_bootstrap(Task.BINARY, "log_loss", target, poor, good, seed=0, num_resamples=10)
    with pytest.raises(DataError, match="120 codes"):
        paired_bootstrap(Task.BINARY, "log_loss", target, poor, good, seed=0, groups=[1, 2])
