"""Columns that may name groups, and folds that keep groups whole."""

from __future__ import annotations

import numpy as np
import pytest

from wellfit.evaluation import _group_columns as columns
from wellfit.evaluation import group_columns, group_folds
from wellfit.records import Task


def patients(num_groups: int = 40, size: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return a column of patients between noise and their heights, and a class of each patient."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(num_groups), size)
    noise, height = rng.normal(size=len(group)), rng.normal(size=num_groups)[group]
    return np.stack([noise, group, height], axis=1), rng.permutation(np.arange(num_groups) % 2)[group]


def test_a_column_that_names_patients_is_found() -> None:
    """Its rows agree on the target, whatever the order of rows and the names."""
    x, y = patients()
    (found,) = group_columns(x, y, Task.BINARY)
    assert (found.column, found.num_groups) == (1, 40)
    assert min(found.z, found.kin_z) > 3 * columns.MIN_AGREEMENT_Z
    order = np.random.default_rng(1).permutation(len(y))
    (again,) = group_columns(10 * x[order] * [1, -1, 1], y[order], Task.BINARY)
    assert again.z == pytest.approx(found.z)


@pytest.mark.parametrize(
    ("num_groups", "size", "is_found"),
    [(19, 8, False), (20, 8, True), (60, 1, False), (60, 2, True), (20, 50, True), (20, 51, False)],
)
def test_at_the_limits_of_number_and_size(num_groups: int, size: int, is_found: bool) -> None:
    """At least 20 groups, of 2 to 50 rows on average."""
    assert bool(group_columns(*patients(num_groups, size), Task.BINARY)) is is_found


def test_other_columns_are_passed_over() -> None:
    """Measurements that are no whole numbers, a count that is mostly zero, columns with few known cells."""
    x, y = patients()
    assert not group_columns(x + 0.5, y, Task.BINARY)
    for left_out in (np.arange(len(y)) < 200, np.arange(len(y)) % 4 == 0):
        changed = x.copy()
        changed[left_out, 1] = 0.0 if left_out[1] else np.nan
        assert not group_columns(changed, y, Task.BINARY)


def test_rows_that_nothing_else_tells_apart_are_passed_over() -> None:
    """Where no other column says who a row belongs to, nothing can be learned of groups."""
    x, y = patients()
    x[:, 2] = np.random.default_rng(4).normal(size=len(y))
    assert not group_columns(x, y, Task.BINARY)
    assert not group_columns(x[:, 1:2], y, Task.BINARY)


def test_names_in_the_order_of_the_target_are_found() -> None:
    """All healthy persons were numbered before all sick ones."""
    x, _ = patients()
    (found,) = group_columns(x, (x[:, 1] >= 20).astype(int), Task.BINARY)
    assert found.column == 1


def test_a_few_missing_cells_are_groups_of_their_own() -> None:
    """Rows without a name are kept, each by itself."""
    x, y = patients()
    x[[0, 100], 1] = np.nan
    (found,) = group_columns(x, y, Task.BINARY)
    assert found.num_groups == 40
    assert found.codes.max() == 41
    assert (np.bincount(found.codes)[found.codes[[0, 100]]] == 1).all()


def test_numbers_and_several_classes_are_targets_too() -> None:
    """Ranks of a number, its outliers included, and each of several classes."""
    x, _ = patients()
    group = x[:, 1].astype(int)
    value = np.random.default_rng(2).normal(size=40)[group] + 0.1 * x[:, 0]
    value[0] = 1e9
    assert [one.column for one in group_columns(x, value[:, None], Task.REGRESSION)] == [1]
    classes = np.random.default_rng(3).permutation(np.arange(40) % 4)[group]
    assert [one.column for one in group_columns(x, classes, Task.MULTICLASS)] == [1]


@pytest.mark.parametrize("in_months", [False, True])
def test_names_come_before_ordinary_numbers(in_months: bool) -> None:
    """An age explains the target as well, and is no name unless another column holds it, too."""
    rng = np.random.default_rng(0)
    x, y = patients(100, 10)
    age = np.clip(np.round(50 + 25 * (y - 0.5) + 12 * rng.normal(size=len(y))), 18, 90)
    other = 12 * age + rng.integers(0, 12, len(y)) if in_months else 12 * age + 100 * rng.normal(size=len(y))
    looks = rng.normal(size=(100, 3))[x[:, 1].astype(int)]
    both = group_columns(np.column_stack([age, x[:, 1], other, looks]), y, Task.BINARY)
    assert [one.column for one in both] == ([1, 0] if in_months else [1])


def test_shuffled_groups_give_a_standard_deviation_of_one() -> None:
    """Over many draws the deviations have mean 0 and spread 1, for classes of any share and for numbers."""
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(60), 5)
    for values in ((np.arange(300) < 60).astype(float), np.arange(300.0)):
        for block in (np.zeros(60, int), np.arange(60) // 4):
            drawn = [columns._agreement(codes, rng.permutation(values)[:, None], block) for _ in range(400)]
            assert abs(np.mean(drawn)) < 0.25
            assert 0.8 < np.std(drawn) < 1.2


def test_many_rows_are_looked_at_by_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every n-th block of neighboring groups is enough to see that rows of a group are alike."""
    monkeypatch.setattr(columns, "_MAX_KIN_ROWS", 100)
    x, y = patients()
    (found,) = group_columns(x, y, Task.BINARY)
    assert found.kin_z > columns.MIN_AGREEMENT_Z


@pytest.mark.parametrize("seed", [None, 0])
def test_folds_keep_groups_whole(seed: int | None) -> None:
    """Every row is judged once, by rows of other groups."""
    groups = np.random.default_rng(0).integers(100, 130, 200)
    folds = group_folds(groups, 3, seed)
    assert sorted(np.concatenate([held for _, held in folds]).tolist()) == list(range(200))
    for train, held in folds:
        assert not set(groups[train]) & set(groups[held])
        assert 0.25 < len(held) / 200 < 0.42


def test_a_seed_shuffles_single_rows() -> None:
    """Folds of rows that are groups of their own are random, and the same for the same seed."""
    one, same, other = (group_folds(np.arange(60), 3, seed)[0][1].tolist() for seed in (0, 0, 1))
    assert one == same != other
