"""Training rows against validation rows: told apart or not, and copies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.evaluation import _sides as sides
from wellfit.evaluation import copies, one_thread, separation, target_shift


@pytest.fixture(autouse=True)
def on_one_core() -> Iterator[None]:
    """Fit on one core: threads that wait for each other cost more than they gain on small data."""
    with one_thread():
        yield


def normal(num_rows: int, num_features: int = 4, seed: int = 0) -> np.ndarray:
    """Return standard normal rows."""
    return np.random.default_rng(seed).normal(size=(num_rows, num_features))


def test_rows_of_one_kind_cannot_be_told_apart() -> None:
    """The interval of the area holds one half."""
    found = separation(normal(200), normal(120, seed=1))
    assert found.low < 0.5 < found.high
    assert found.low < found.auc < found.high


def test_moved_rows_are_told_apart() -> None:
    """One column that is moved by two deviations is enough."""
    other = normal(120, seed=1)
    other[:, 2] += 2.0
    assert separation(normal(200), other).low > 0.75


def test_more_rows_make_it_surer() -> None:
    """The interval narrows."""
    widths = [
        (found := separation(normal(size), normal(size, seed=1))).high - found.low for size in (40, 320)
    ]
    assert widths[1] < widths[0] / 2


def test_rows_of_one_kind_are_seldom_told_apart_by_chance() -> None:
    """Over many draws the lower end of the interval lies above one half about as often as it should."""
    found = [separation(normal(60, 2, seed), normal(60, 2, 1000 + seed), seed) for seed in range(8)]
    assert np.mean([one.low > 0.5 for one in found]) <= 0.25
    assert 0.4 < np.mean([one.auc for one in found]) < 0.6


def test_a_handful_of_rows_says_nothing() -> None:
    """Fewer rows than folds can hold give an interval from zero to one."""
    found = separation(normal(100), normal(3, seed=1) + 50)
    assert (found.auc, found.low, found.high) == (0.5, 0.0, 1.0)


def test_missing_cells_can_tell_sides_apart() -> None:
    """A column that is empty on one side is seen, and is no obstacle."""
    other = normal(80, seed=1)
    other[:, 0] = np.nan
    assert separation(normal(80), other).low > 0.9


@pytest.mark.parametrize("num_known", [0, 1, 3])
def test_columns_without_values_are_no_obstacle(num_known: int) -> None:
    """A column that is empty on both sides, or in the rows of a fold, is passed over."""
    train, other = normal(60), normal(40, seed=1) + 2
    train[num_known:, 1] = np.nan
    other[:, 1] = np.nan
    assert separation(train, other).low > 0.8


def test_many_rows_and_columns_are_thinned_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample of rows and every n-th column still tell sides apart, alike for one seed."""
    monkeypatch.setattr(sides, "_MAX_ROWS", 60)
    monkeypatch.setattr(sides, "_MAX_FEATURES", 3)
    found = [separation(normal(300, 6), normal(300, 6, seed=1) + 2, seed=5) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0].low > 0.8


@pytest.mark.parametrize("is_class", [True, False])
def test_equal_targets_do_not_shift(is_class: bool) -> None:
    """Two draws of one distribution have a p-value that is not small; the same sample has one."""
    rng = np.random.default_rng(2)
    draw = (lambda n: rng.integers(0, 3, n)) if is_class else (lambda n: rng.normal(size=n))
    assert target_shift(draw(200), draw(100), is_class=is_class) > 1e-3
    sample = draw(100)
    assert target_shift(sample, sample, is_class=is_class) > 0.99


@pytest.mark.parametrize("is_class", [True, False])
def test_other_targets_shift(is_class: bool) -> None:
    """Other class shares, or values from elsewhere, are unlikely to be one distribution."""
    rng = np.random.default_rng(3)
    first, second = (
        (rng.random(200) < 0.2, rng.random(100) < 0.7)
        if is_class
        else (
            rng.normal(size=200),
            rng.normal(1.0, size=100),
        )
    )
    assert target_shift(np.asarray(first, float), np.asarray(second, float), is_class=is_class) < 1e-6


def test_p_values_of_equal_targets_are_not_too_small() -> None:
    """Class shares of one distribution are called different at most about as often as the level says."""
    rng = np.random.default_rng(4)
    values = [
        target_shift(rng.integers(0, 2, 150), rng.integers(0, 2, 60), is_class=True) for _ in range(300)
    ]
    assert np.mean(np.array(values) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_one_class_is_no_shift() -> None:
    """There are no shares to compare."""
    assert target_shift([1, 1, 1], [1, 1], is_class=True) == 1.0


def test_exact_and_near_copies_are_found() -> None:
    """A row that is repeated, and one that differs in the last digits; others are none."""
    train, rows = normal(100), normal(10, seed=1)
    rows[0], rows[3] = train[7], train[9] + 1e-6
    found, within = copies(train, rows)
    assert np.flatnonzero(found).tolist() == [0, 3]
    assert within == 0.0


def test_copies_among_training_rows_are_counted() -> None:
    """Rows that repeat by nature say how common copies are."""
    train = np.repeat(normal(50), 2, axis=0)
    found, within = copies(train, normal(20, seed=1))
    assert within == 1.0
    assert not found.any()


@settings(max_examples=15, deadline=None)
@given(scale=st.floats(1e-3, 1e3), offset=st.floats(-100, 100))
def test_the_units_of_columns_do_not_matter(scale: float, offset: float) -> None:
    """Copies stay copies when a column is given in another unit."""
    train, rows = normal(60), normal(8, seed=1)
    rows[2] = train[5]
    for table in (train, rows):
        table[:, 1] = table[:, 1] * scale + offset
    assert np.flatnonzero(copies(train, rows)[0]).tolist() == [2]


def test_too_few_rows_or_no_columns_hold_no_copies() -> None:
    """Nothing can be said of distances between two rows, or without a column that varies."""
    assert not copies(normal(2), normal(2))[0].any()
    assert copies(np.zeros((10, 0)), np.zeros((4, 0)))[0].tolist() == [False] * 4
