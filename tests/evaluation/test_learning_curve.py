"""What more rows would be worth: right where the power law holds, never negative, zero where it is flat."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wellfit.evaluation import predicted_gain, round_rows
from wellfit.records import DataError, Effect

SIZES = np.array([250.0, 350.0, 500.0, 700.0, 1000.0])


def _gain(a: float, b: float, c: float, *, num_splits: int, noise: float, seed: int) -> Effect:
    """Return the prediction for a power law with noise and a level of each split."""
    rng = np.random.default_rng(seed)
    level = 0.03 * rng.normal(size=(num_splits, 1))
    error = noise * np.sqrt(1000 / SIZES) * rng.normal(size=(num_splits, len(SIZES)))
    return predicted_gain(SIZES, a + b * SIZES**-c + level + error, 500, seed=seed, num_resamples=200)


def _true(b: float, c: float) -> float:
    return b * 1000.0**-c - b * 1500.0**-c


@pytest.mark.parametrize("num_splits", [3, 6])
@pytest.mark.parametrize(("a", "b", "c"), [(0.3, 2.0, 0.5), (0.1, 5.0, 0.8), (0.3, 20.0, 1.0)])
def test_interval_covers_the_true_gain(a: float, b: float, c: float, num_splits: int) -> None:
    """Where the power law holds, about 95 of 100 intervals have the true gain in them."""
    found = [_gain(a, b, c, num_splits=num_splits, noise=0.01, seed=s) for s in range(150)]
    coverage = np.mean([one.low <= _true(b, c) <= one.high for one in found])
    assert 0.88 <= coverage <= 1.0
    assert np.mean([one.estimate for one in found]) == pytest.approx(_true(b, c), rel=0.35)


@pytest.mark.parametrize("noise", [0.003, 0.03])
def test_flat_curves_promise_nothing(noise: float) -> None:
    """Where more rows are worth nothing, the interval begins at zero in all but a few of a hundred."""
    found = [_gain(0.3, 0.0, 0.5, num_splits=5, noise=noise, seed=s) for s in range(150)]
    assert np.mean([one.low > 0 for one in found]) <= 0.06


def test_rising_curves_are_worth_exactly_nothing() -> None:
    """Losses that grow with the rows are no reason for a negative promise."""
    losses = 0.3 + 1e-4 * SIZES + 1e-3 * np.eye(5)
    gain = predicted_gain(SIZES, losses, 500)
    assert (gain.estimate, gain.low) == (0.0, 0.0)


@given(arrays(np.float64, (3, 5), elements=st.floats(-1e6, 1e6)), st.integers(1, 10_000))
def test_never_negative_and_in_order(losses: np.ndarray, extra: int) -> None:
    """Whatever the losses: 0 <= low <= estimate <= high."""
    gain = predicted_gain(SIZES, losses, extra, num_resamples=50, least=-np.inf)
    assert 0 <= gain.low <= gain.estimate <= gain.high


@given(st.floats(1e-3, 1e3))
def test_unit_of_the_loss_does_not_matter(scale: float) -> None:
    """Ten times the loss is ten times the gain."""
    losses = 0.3 + 2.0 * SIZES**-0.5 + 0.01 * np.random.default_rng(0).normal(size=(4, 5))
    one, other = (predicted_gain(SIZES, f * losses, 500, num_resamples=50) for f in (1.0, scale))
    assert other.estimate == pytest.approx(scale * one.estimate)
    assert other.high == pytest.approx(scale * one.high)


def test_the_floor_bounds_the_promise() -> None:
    """A loss of zero cannot be undercut: what is left above the floor is all that can be gained."""
    losses = 0.2 + 0.1 * (SIZES / 1000) ** -0.5 + 1e-4 * np.eye(5)
    free, bound = (predicted_gain(SIZES, losses, 1e9, least=least) for least in (0.0, 0.25))
    assert free.estimate == pytest.approx(0.1, rel=0.05)
    assert bound.high <= 0.06


def test_splits_of_the_same_rows_are_less_sure() -> None:
    """Overlapping splits widen the interval, as they do for remedies."""
    losses = 0.3 + 2.0 * SIZES**-0.5 + 0.003 * np.random.default_rng(0).normal(size=(5, 5))
    apart, alike = (predicted_gain(SIZES, losses, 500, test_ratio=ratio) for ratio in (0.0, 0.2))
    assert alike.high - alike.low > 1.1 * (apart.high - apart.low)


@pytest.mark.parametrize(
    ("sizes", "losses", "extra"),
    [
        ([1, 2], np.ones((3, 2)), 5),
        ([1, 2, 2], np.ones((3, 3)), 5),
        ([1, 2, 3], np.ones((1, 3)), 5),
        ([1, 2, 3], np.full((2, 3), np.nan), 5),
        ([0, 2, 3], np.ones((2, 3)), 5),
        ([1, 2, 3], np.ones((2, 3)), 0),
        ([1, 2, 3], np.ones((2, 4)), 5),
    ],
)
def test_what_is_no_curve_is_refused(sizes: object, losses: object, extra: float) -> None:
    """Too few sizes or splits, losses that are not finite, no extra rows."""
    with pytest.raises(DataError, match="Expected"):
        predicted_gain(sizes, losses, extra)  # type: ignore[arg-type]


@given(st.integers(1, 10**9))
def test_round_numbers_are_near(num_rows: int) -> None:
    """1, 2 or 5 times a power of ten, within a factor of 1.6."""
    found = round_rows(num_rows)
    assert str(found)[0] in "125"
    assert set(str(found)[1:]) <= {"0"}
    assert 1 / 1.6 <= found / num_rows <= 1.6
