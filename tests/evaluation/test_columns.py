"""Columns by themselves: what each explains, which are rare, out of scale, or in other units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.evaluation import column_scale, column_skills, matched, mismatched_columns, rare_columns
from wellfit.evaluation._columns import RARE_SHARE
from wellfit.records import Task


def normal(num_rows: int, num_features: int = 4, seed: int = 0) -> np.ndarray:
    """Return standard normal rows."""
    return np.random.default_rng(seed).normal(size=(num_rows, num_features))


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS, Task.REGRESSION])
def test_the_column_that_is_the_target_explains_it(task: Task) -> None:
    """Its skill is near one, that of noise near zero."""
    x = normal(400)
    num_classes = {Task.BINARY: 2, Task.MULTICLASS: 3, Task.REGRESSION: 0}[task]
    y = np.digitize(x[:, 1], [-0.4, 0.4][: max(num_classes - 1, 1)]) if num_classes else 5 * x[:, 1]
    skills = column_skills(x, y, task, num_classes)
    assert skills.shape == (4,)
    assert skills[1] > 0.7
    assert np.delete(skills, 1).max() < 0.15
    assert ((skills >= 0) & (skills <= 1)).all()


def test_a_relation_that_is_no_line_counts() -> None:
    """Bins see what a correlation would not."""
    x = normal(500, 2)
    assert column_skills(x, np.square(x[:, 0]), Task.REGRESSION)[0] > 0.5


def test_cells_that_are_missing_may_be_what_tells() -> None:
    """NaN makes a bin of its own."""
    x, y = normal(300, 2), np.random.default_rng(1).integers(0, 2, 300)
    x[y == 1, 0] = np.nan
    skills = column_skills(x, y, Task.BINARY, 2)
    assert skills[0] > 0.8
    assert skills[1] < 0.15


def test_constant_and_empty_columns_explain_nothing() -> None:
    """There is nothing to cut into bins."""
    x = np.stack([np.zeros(100), np.full(100, np.nan)], axis=1)
    assert column_skills(x, np.arange(100) % 2, Task.BINARY, 2) == pytest.approx([0.0, 0.0], abs=0.02)
    assert column_skills(normal(100), np.zeros(100), Task.REGRESSION).tolist() == [0.0] * 4


def test_a_column_that_names_rows_explains_nothing() -> None:
    """Predicting odd rows from even ones leaves no room for memorizing."""
    rng = np.random.default_rng(2)
    x = rng.permutation(400).astype(float).reshape(-1, 1)
    assert column_skills(x, rng.integers(0, 2, 400), Task.BINARY, 2)[0] < 0.15


@pytest.mark.parametrize(("share", "is_rare"), [(0.9 * RARE_SHARE, True), (1.1 * RARE_SHARE, False)])
def test_rare_at_the_threshold(share: float, is_rare: bool) -> None:
    """The share of rows that differ from the most frequent value decides."""
    x = np.zeros((1000, 1))
    x[: round(1000 * share), 0] = 1.0
    rare, names = rare_columns(x)
    assert rare.tolist() == ([0] if is_rare else [])
    assert names.tolist() == []


def test_whole_numbers_that_name_rows_are_told_from_measurements() -> None:
    """A running number names rows; a real number, a count and a constant do not."""
    rng = np.random.default_rng(3)
    x = np.stack(
        [rng.permutation(200).astype(float), rng.normal(size=200), rng.integers(0, 30, 200), np.ones(200)],
        axis=1,
    )
    rare, names = rare_columns(x)
    assert rare.tolist() == []
    assert names.tolist() == [0]


def test_few_rows_are_not_named() -> None:
    """Of a handful of rows any whole numbers may differ by chance."""
    assert rare_columns(np.arange(20.0)[:, None])[1].tolist() == []


def test_missing_cells_are_passed_over_in_rare_columns() -> None:
    """What is known decides; an empty column is neither."""
    x = np.full((200, 2), np.nan)
    x[:100, 0] = np.arange(100.0)
    assert [found.tolist() for found in rare_columns(x)] == [[], [0]]


def test_the_scale_of_standard_columns_is_one() -> None:
    """Means near zero and deviations near one need no scaling."""
    assert column_scale(normal(2000)).max() < 1.2


@pytest.mark.parametrize(("center", "spread"), [(0.0, 50.0), (50.0, 1.0), (0.0, 1 / 50)])
def test_large_small_and_moved_columns_are_out_of_scale(center: float, spread: float) -> None:
    """Each by the factor that it is off."""
    x = normal(2000, 1) * spread + center
    assert column_scale(x)[0] == pytest.approx(50.0, rel=0.1)


def test_columns_that_do_not_vary_have_no_scale() -> None:
    """A constant or an empty column is left alone, without a warning."""
    x = np.stack([np.full(10, 1e6), np.full(10, np.nan)], axis=1)
    assert column_scale(x).tolist() == [1.0, 1.0]


def test_columns_in_like_units_match() -> None:
    """Two draws of the same rows do not differ."""
    assert mismatched_columns(normal(200), normal(80, seed=1)).tolist() == []


@pytest.mark.parametrize(
    "change",
    [lambda v: 100 * v, lambda v: v / 100, lambda v: v + 10, lambda v: 1.8 * v + 32],
    ids=["times 100", "a hundredth", "moved", "Fahrenheit"],
)
def test_a_column_in_another_unit_is_found(change: object) -> None:
    """Factor or offset: only that column is named."""
    other = normal(80, seed=1)
    other[:, 2] = change(other[:, 2])
    assert mismatched_columns(normal(200), other).tolist() == [2]


def test_other_rows_are_not_in_other_units() -> None:
    """One column that is moved by a deviation holds other rows."""
    other = normal(80, seed=1)
    other[:, 0] += 1.0
    assert mismatched_columns(normal(200), other).tolist() == []


def test_a_small_change_of_all_columns_is_a_preparation() -> None:
    """What no single column shows, all of them together do."""
    other = normal(80, seed=1) + 1.0
    assert mismatched_columns(normal(200), other).tolist() == [0, 1, 2, 3]


def test_columns_of_few_values_and_few_rows_are_passed_over() -> None:
    """Yes-no columns and a handful of rows do not tell units."""
    flags = np.random.default_rng(4).integers(0, 2, (200, 1)).astype(float)
    assert mismatched_columns(flags, np.ones((50, 1))).tolist() == []
    assert mismatched_columns(normal(200), 100 * normal(5, seed=1)).tolist() == []


@settings(max_examples=25, deadline=None)
@given(scale=st.floats(0.01, 100), offset=st.floats(-100, 100))
def test_matching_gives_the_moments_of_the_training_rows(scale: float, offset: float) -> None:
    """Mean and deviation of the named column become those of training; others stay as they are."""
    train, other = normal(100), normal(60, seed=1)
    changed = other.copy()
    changed[:, 1] = changed[:, 1] * scale + offset
    mended = matched(train, changed, np.array([1]))
    assert mended[:, 1].mean() == pytest.approx(train[:, 1].mean(), abs=1e-9)
    assert mended[:, 1].std() == pytest.approx(train[:, 1].std(), rel=1e-9)
    np.testing.assert_array_equal(np.delete(mended, 1, axis=1), np.delete(other, 1, axis=1))
    np.testing.assert_allclose(mended[:, 1], matched(train, other, np.array([1]))[:, 1], atol=1e-6)


def test_matching_leaves_missing_cells_and_its_input_alone() -> None:
    """NaN stays NaN, the array passed in is not changed, a constant column gets the mean."""
    train, other = normal(50), normal(20, seed=1)
    other[3, 0], other[:, 1] = np.nan, 7.0
    before = other.copy()
    mended = matched(train, other, np.array([0, 1]))
    np.testing.assert_array_equal(other, before)
    assert np.flatnonzero(np.isnan(mended[:, 0])).tolist() == [3]
    np.testing.assert_allclose(mended[:, 1], train[:, 1].mean())
