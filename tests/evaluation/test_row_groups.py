"""Groups of rows that do worse: found where they are, silent where they are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_ind

from wellfit.data import ReadableColumn
from wellfit.evaluation import row_groups, welch_difference
from wellfit.evaluation._row_groups import FEWEST_ROWS
from wellfit.records import Task


def numbers(values: np.ndarray, name: str = "x") -> ReadableColumn:
    """Return a column of numbers."""
    return ReadableColumn(name=name, kind="numeric", numbers=values.astype(float))


def categories(codes: np.ndarray, *labels: str) -> ReadableColumn:
    """Return a column of categories."""
    return ReadableColumn(name="c", kind="category", codes=codes, labels=labels)


def test_the_difference_is_that_of_welch() -> None:
    """Statistic and freedom as SciPy has them."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=12), rng.normal(1, 3, 40)
    difference, error, freedom = welch_difference(first, second)
    expected: Any = ttest_ind(first, second, equal_var=False)
    assert difference / error == pytest.approx(expected.statistic)
    assert freedom == pytest.approx(expected.df)


def test_chance_names_no_group() -> None:
    """With 40 columns of noise and skewed losses, a group is named in about 5 % of studies at most."""
    rng = np.random.default_rng(0)
    named = 0
    for _ in range(60):
        columns = [numbers(rng.normal(size=200)) for _ in range(40)]
        said = np.clip(rng.beta(2, 1, 200), 0.01, 0.99)
        target = (rng.random(200) < said).astype(int)
        found, looked = row_groups(columns, Task.BINARY, "log_loss", target, np.stack([1 - said, said], 1))
        assert looked == 160
        named += bool(found)
    assert named <= 6


def test_a_bad_quarter_and_missing_cells_are_found() -> None:
    """The quarter of numbers, and the rows without one, whose values are far off."""
    rng = np.random.default_rng(0)
    x = np.arange(400.0)
    x[::10] = np.nan
    noise = rng.normal(size=400)
    is_bad = np.isnan(x) | (x > 310)
    said = np.where(is_bad, 6 * noise, noise)
    found, looked = row_groups([numbers(x)], Task.REGRESSION, "mae", np.zeros((400, 1)), said[:, None])
    assert looked == 5
    assert {one.group for one in found} == {"missing", "over 299.5"}
    worst = found[0]
    assert worst.low > 0
    assert worst.difference == pytest.approx(worst.loss - worst.rest)
    assert worst.low < worst.difference < worst.high
    assert worst.constant_loss == 0


def test_small_groups_are_not_looked_at() -> None:
    """19 rows are too few, inside or outside, whatever they lose."""
    codes = np.zeros(200, int)
    codes[: FEWEST_ROWS - 1] = 1
    said = np.where(codes[:, None] == 1, 9.0, np.random.default_rng(0).normal(size=(200, 1)))
    found = row_groups([categories(codes, "a", "b")], Task.REGRESSION, "mae", np.zeros((200, 1)), said)
    assert found == ((), 0)


def test_rows_that_belong_together_count_once() -> None:
    """Ten units of twenty rows each are ten cases: too few to speak of."""
    codes = np.repeat([0, 1], 200)
    said = np.where(codes[:, None] == 1, 9.0, 1.0) + np.random.default_rng(0).normal(size=(400, 1))
    given = ([categories(codes, "a", "b")], Task.REGRESSION, "mae", np.zeros((400, 1)), said)
    assert row_groups(*given)[1] == 2
    assert row_groups(*given, units=np.repeat(np.arange(20), 20)) == ((), 0)


def test_many_categories_and_one_value_are_bounded() -> None:
    """Of 300 categories the 20 largest are looked at; a constant column has no group."""
    rng = np.random.default_rng(0)
    codes = np.concatenate([np.repeat(np.arange(30), 40), rng.integers(30, 300, 200)])
    many = categories(codes, *(f"c{k}" for k in range(300)))
    target = np.zeros((len(codes), 1))
    found = row_groups([many, numbers(np.ones(len(codes)))], Task.REGRESSION, "mae", target, target + 1)
    assert found == ((), 20)


def test_one_class_in_a_group_loses_nothing_by_a_constant() -> None:
    """The best constant of a group with one class is certain; the network's doubt is all its loss."""
    codes = np.repeat([0, 1], 50)
    target = np.repeat([0, 1], 50)
    said = np.where(codes[:, None] == 0, [0.4, 0.6], [0.01, 0.99]) + np.random.default_rng(0).normal(
        0, 0.001, (100, 1)
    ) * np.array([1, -1])
    found, _ = row_groups([categories(codes, "a", "b")], Task.BINARY, "log_loss", target, said)
    assert [one.group for one in found] == ["a"]
    assert found[0].constant_loss == pytest.approx(0, abs=1e-6)
