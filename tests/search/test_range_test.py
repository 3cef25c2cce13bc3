"""The range test takes the largest rate that learns, and stays away from those that diverge."""

from __future__ import annotations

import numpy as np
import pytest

from wellfit.records import SettingsError
from wellfit.search import RANGE_RATES, range_rate

RATES = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([0.69, 0.68, 0.60, 0.30, 0.29, np.nan], 0.1),
        ([0.69, 0.68, 0.30, 0.32, 0.60, 5.0], 1e-2),
        ([0.69, 0.68, 0.60, 0.30, 0.65, 0.69], 1e-2),
        ([0.69, 0.60, 0.30, 0.50, np.inf, np.nan], 1e-3),
        ([0.69, 0.69, 0.70, 0.71, 0.80, np.nan], 0.0),
        ([np.nan] * 6, 0.0),
        ([0.69] * 6, 0.0),
        ([0.69, 0.68, 0.67, 0.66, 0.65, 0.60], 1.0),
    ],
)
def test_the_largest_good_rate_is_taken(losses: list[float], expected: float) -> None:
    """Near the lowest loss, below a third of divergence; none where nothing learns."""
    assert range_rate(RATES, losses) == pytest.approx(expected)


def test_a_rate_next_to_divergence_is_not_taken() -> None:
    """Where the best rate is too near, a lower one that is as good is taken, or none."""
    assert range_rate([1e-3, 1e-2, 1e-1, 2e-1], [0.69, 0.31, 0.30, np.nan]) == pytest.approx(1e-2)
    assert range_rate([1e-3, 1e-1, 2e-1], [0.69, 0.30, np.nan]) == 0.0


def test_unit_of_the_loss_does_not_matter() -> None:
    """Gradient descent on a parabola with curvature 10: rates from 0.2 on diverge, whatever the unit."""
    ends = (1 - 10 * RANGE_RATES) ** 40
    for scale in (1e-6, 1.0, 1e6):
        assert 0.005 < range_rate(RANGE_RATES, scale * ends) < 0.2 / 2.9


@pytest.mark.parametrize(
    ("rates", "losses"), [([1.0], [1.0]), ([1.0, 0.5], [1, 2]), ([0.0, 1.0], [1, 2]), ([0.1, 1.0], [1.0])]
)
def test_what_is_no_range_is_refused(rates: list[float], losses: list[float]) -> None:
    """Rates rise from above 0, and each has a loss."""
    with pytest.raises(SettingsError, match="range test"):
        range_rate(rates, losses)
