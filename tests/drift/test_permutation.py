"""P-values against SciPy's, against all relabelings, and where nothing can be told."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from wellfit.drift._column_tests import middle_ranks
from wellfit.drift._permutation import beyond_p_value, cells_p_value, linear_p_value, share_p_value


def test_ranks_are_wilcoxons() -> None:
    """Without ties and with many rows it is SciPy's Mann-Whitney test by its normal approximation."""
    rng = np.random.default_rng(0)
    old, new = rng.normal(size=200), rng.normal(0.2, size=150)
    order = np.sort(np.concatenate([old, new]))
    cells = [np.isin(order, values).astype(int) for values in (old, new)]
    z, p_value = linear_p_value(middle_ranks(cells[0] + cells[1]), *cells)
    expected = stats.mannwhitneyu(new, old, method="asymptotic", use_continuity=False)
    assert z > 0
    assert p_value == pytest.approx(expected.pvalue, rel=0.01)


def test_ties_are_accounted_for() -> None:
    """Whole numbers with few values give SciPy's p-value, which is corrected for ties."""
    rng = np.random.default_rng(1)
    old, new = rng.poisson(1.5, 300), rng.poisson(1.9, 100)
    cells = [np.bincount(values, minlength=12) for values in (old, new)]
    _, p_value = linear_p_value(middle_ranks(cells[0] + cells[1]), *cells)
    expected = stats.mannwhitneyu(new, old, method="asymptotic", use_continuity=False)
    assert p_value == pytest.approx(expected.pvalue, rel=0.1)


def test_skewed_rows_are_near_all_relabelings() -> None:
    """Where most rows share one value, a normal distribution would be far off; three moments are not."""
    rng = np.random.default_rng(0)
    scores = np.concatenate([np.zeros(180), rng.exponential(size=20)])
    new = np.zeros(200)
    new[[*range(20), *np.argsort(-scores)[2:7]]] = 1
    observed, number = scores[new > 0].sum(), int(new.sum())
    drawn = float(np.mean([rng.permutation(scores)[:number].sum() >= observed for _ in range(20_000)]))
    z, p_value = linear_p_value(scores, 1 - new, new)
    assert 0.0005 < drawn < 0.02
    assert drawn / 2 < p_value / 2 < drawn * 2
    assert stats.norm.sf(z) < drawn / 2


def test_a_share_is_fishers() -> None:
    """It is the hypergeometric distribution's, twice the smaller tail."""
    chances = stats.hypergeom(60, 9, 20)
    assert share_p_value(2, 40, 7, 20) == pytest.approx(2 * chances.sf(6))
    assert share_p_value(8, 40, 1, 20) == pytest.approx(2 * chances.cdf(1))
    assert share_p_value(0, 40, 0, 20) == 1.0
    assert share_p_value(40, 40, 20, 20) == 1.0


def test_shares_of_a_million_rows_are_quick_and_right() -> None:
    """Many rows are a gamma distribution's, which then is as good as exact."""
    exact = stats.hypergeom(2_000_000, 100_400, 1_000_000)
    assert share_p_value(50_000, 1_000_000, 50_400, 1_000_000) == pytest.approx(
        2 * exact.sf(50_399), rel=0.02
    )


def test_rows_beyond_all_others_are_counted_exactly() -> None:
    """The chance that the largest j rows of a shuffled deck are all new ones."""
    assert beyond_p_value(3, 2, 1) == pytest.approx(2 / 5)
    assert beyond_p_value(3, 2, 2) == pytest.approx(2 / 5 * 1 / 4)
    assert beyond_p_value(3, 2, 0) == 1.0
    assert beyond_p_value(0, 2, 2) == 1.0


def test_cells_are_pearsons() -> None:
    """With many rows it is SciPy's chi-square for a table of two rows."""
    old, new = np.array([500, 300, 200]), np.array([450, 340, 260])
    expected = stats.chi2_contingency([old, new], correction=False).pvalue
    assert cells_p_value(old, new) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(
    ("old", "new"), [([0, 0], [3, 4]), ([3, 4], [0, 0]), ([5, 0], [7, 0]), ([1, 0], [0, 1])]
)
def test_nothing_can_be_told_of_nothing(old: list[int], new: list[int]) -> None:
    """Without rows, or where all rows are alike, the p-value is 1 and not a number that is none."""
    assert linear_p_value([0.0, 1.0], old, new)[1] == 1.0
    assert share_p_value(old[0], sum(old), new[0], sum(new)) == 1.0
