"""Rows that are repeated, left out or made: counts, kinds of cells, and nothing from other rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wellfit.data import (
    FeatureKinds,
    NewRows,
    copula_rows,
    invert_scaling,
    matrix_position,
    oversampled,
    synthetic_rows,
    undersampled,
    with_rows,
)
from wellfit.data import _row_table as row_tables
from wellfit.records import Dataset, SettingsError, Task

METHODS = ("smote", "borderline-smote", "adasyn")
KINDS = FeatureKinds(numeric=(0, 1), binary=(2, 6), groups=((3, 4, 5),), flags=((1, 6),))


def mixed(num_rows: int = 300, seed: int = 0, task: Task = Task.MULTICLASS) -> Dataset:
    """Return a number, a whole number with missing cells and its flag, a flag, a category and codes."""
    rng = np.random.default_rng(seed)
    target = rng.choice(3, num_rows, p=[0.7, 0.2, 0.1]).astype(np.int32)
    x = np.zeros((num_rows, 7), np.float32)
    x[:, 0] = 1e4 + 100 * (rng.normal(size=num_rows) + target)
    x[:, 1] = rng.integers(0, 50, num_rows) + 10 * target
    x[:, 2] = rng.random(num_rows) < 0.4
    x[:, 3:6] = np.eye(3)[rng.integers(0, 3, num_rows)]
    x[rng.random(num_rows) < 0.2, 1] = np.nan
    x[:, 6] = np.isnan(x[:, 1])
    codes = rng.integers(0, 5, (num_rows, 1)).astype(np.int32)
    names = ("a", "b", "c")
    if task is Task.REGRESSION:
        return Dataset(inputs=(x, codes), target=(x[:, :1] / 100).astype(np.float32), task=task)
    return Dataset(inputs=(x, codes), target=target, task=task, class_names=names)


def assert_plausible(made: NewRows, data: Dataset, rows: np.ndarray) -> None:
    """Check that every new cell could stand in the table."""
    x, codes = made.inputs
    seen = data.inputs[0][rows]
    assert x.dtype == np.float32
    assert codes.dtype == np.int32
    assert len(x) == len(codes) == len(made.target) > 0
    assert np.isin(x[:, [2, 3, 4, 5, 6]], [0, 1]).all()
    assert (x[:, 3:6].sum(axis=1) == 1).all()
    assert np.isin(codes, data.inputs[1][rows]).all()
    np.testing.assert_array_equal(np.isnan(x[:, 1]), x[:, 6] == 1)
    known = x[~np.isnan(x[:, 1]), 1]
    np.testing.assert_array_equal(known, np.round(known))
    assert x[:, 0].min() >= seen[:, 0].min() - 1
    assert x[:, 0].max() <= seen[:, 0].max() + 1


def test_oversampling_repeats_evenly() -> None:
    """Each class has as many as the largest, each row nearly as often as the next."""
    classes = np.repeat([0, 1, 2], [50, 20, 7])
    rows = oversampled(np.arange(77, dtype=np.int32), classes, seed=1)
    assert np.bincount(classes[rows]).tolist() == [50, 50, 50]
    times = np.bincount(rows)
    assert (times[:50] == 1).all()
    assert set(times[50:70]) == {2, 3}
    assert set(times[70:]) == {7, 8}
    np.testing.assert_array_equal(rows, oversampled(np.arange(77, dtype=np.int32), classes, seed=1))


def test_undersampling_leaves_enough() -> None:
    """No class below 20 rows because another is rarer still."""
    classes = np.repeat([0, 1, 2], [500, 100, 3])
    rows = undersampled(np.arange(603, dtype=np.int32), classes, seed=1)
    assert np.bincount(classes[rows]).tolist() == [20, 20, 3]
    assert len(np.unique(rows)) == len(rows)


@pytest.mark.parametrize("method", METHODS)
def test_synthetic_rows_fit_the_table(method: str) -> None:
    """Whole numbers stay whole, categories whole, and flags agree with what they flag."""
    data = mixed()
    rows = np.arange(0, 240, dtype=np.int32)
    made = synthetic_rows(data, rows, KINDS, method, seed=0)
    assert_plausible(made, data, rows)
    assert set(made.target) <= {1, 2}
    counts = np.bincount(data.target[rows])
    added = np.bincount(made.target, minlength=3)
    assert (counts + added).max() <= counts.max() * 1.1
    if method == "smote":
        assert (counts + added).tolist() == [counts[0]] * 3


@pytest.mark.parametrize("task", [Task.MULTICLASS, Task.REGRESSION])
def test_copula_rows_fit_the_table(task: Task) -> None:
    """As many rows as there are, of the same classes, and a target that goes with its inputs."""
    data = mixed(task=task)
    rows = np.arange(0, 240, dtype=np.int32)
    made = copula_rows(data, rows, KINDS, seed=0)
    assert_plausible(made, data, rows)
    if task is Task.REGRESSION:
        assert made.target.shape == (240, 1)
        assert np.corrcoef(made.target[:, 0], made.inputs[0][:, 0])[0, 1] > 0.9
    else:
        np.testing.assert_array_equal(np.bincount(made.target), np.bincount(data.target[rows]))


@pytest.mark.parametrize("method", [*METHODS, "copula"])
def test_other_rows_say_nothing_and_seeds_repeat(method: str) -> None:
    """Cells and labels of rows that are not given change nothing; equal seeds give equal rows."""
    data, rows = mixed(), np.arange(0, 240, dtype=np.int32)

    def make(data: Dataset, seed: int = 3) -> NewRows:
        if method == "copula":
            return copula_rows(data, rows, KINDS, seed)
        return synthetic_rows(data, rows, KINDS, method, seed)

    x, codes = (values.copy() for values in data.inputs)
    x[240:, 0], codes[240:], target = -1e6, 4, data.target.copy()
    target[240:] = 1
    first, again = make(data), make(replace(data, inputs=(x, codes), target=target))
    for one, other in zip((*first.inputs, first.target), (*again.inputs, again.target), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(first.inputs[0], make(data, seed=4).inputs[0], equal_nan=True)


def test_copula_keeps_margins_and_correlation() -> None:
    """A skewed and a normal column keep quantiles and rank correlation."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=4000)
    x = np.column_stack([np.exp(base), 0.8 * base + 0.6 * rng.normal(size=4000)]).astype(np.float32)
    data = Dataset(inputs=(x,), target=np.zeros(4000, np.int32), task=Task.BINARY, class_names=("a", "b"))
    made = copula_rows(data, np.arange(4000, dtype=np.int32), FeatureKinds(numeric=(0, 1)), seed=1).inputs[0]
    levels = [0.1, 0.5, 0.9]
    expected = np.quantile(x, levels, axis=0)
    np.testing.assert_allclose(np.quantile(made, levels, axis=0), expected, rtol=0.1, atol=0.1)
    ranks = [np.argsort(np.argsort(values, axis=0), axis=0) for values in (x, made)]
    own, found = (np.corrcoef(one.T)[0, 1] for one in ranks)
    assert abs(own - found) < 0.05


def test_classes_without_neighbors_are_left_alone() -> None:
    """Two rows of a class make no row, three do; a class of nine gets none from a copula."""
    data = mixed(400)
    target = np.repeat([0, 1, 2], [300, 98, 2]).astype(np.int32)
    rows = np.arange(400, dtype=np.int32)
    data = replace(data, target=target)
    assert set(synthetic_rows(data, rows, KINDS, "smote", 0).target) == {1}
    assert set(copula_rows(data, rows, KINDS, 0).target) == {0, 1}
    target[:1] = 2
    assert set(synthetic_rows(replace(data, target=target), rows, KINDS, "smote", 0).target) == {1, 2}


@pytest.mark.parametrize("method", METHODS)
def test_tables_of_one_sort_of_column(method: str) -> None:
    """Numbers alone and codes alone work as well."""
    data = mixed()
    rows = np.arange(300, dtype=np.int32)
    numbers = replace(data, inputs=(np.nan_to_num(data.inputs[0][:, :2]),))
    made = synthetic_rows(numbers, rows, FeatureKinds(numeric=(0, 1)), method, 0)
    assert made.inputs[0].shape == (len(made.target), 2)
    assert len(made.target) > 0
    codes = np.concatenate([data.inputs[1], data.target[:, None]], axis=1).astype(np.int32)
    coded = replace(data, inputs=(codes[:, :1], codes[:, 1:]))
    made = synthetic_rows(coded, rows, FeatureKinds(), method, 0)
    assert [values.shape for values in made.inputs] == [(len(made.target), 1)] * 2


def test_many_rows_are_bounded() -> None:
    """Neighbors are sought among five thousand rows, and the class still grows as asked."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30_000, 2)).astype(np.float32)
    target = (rng.random(30_000) < 0.1).astype(np.int32)
    data = Dataset(inputs=(x,), target=target, task=Task.BINARY, class_names=("a", "b"))
    made = synthetic_rows(data, np.arange(30_000, dtype=np.int32), FeatureKinds(numeric=(0, 1)), "smote", 0)
    assert len(made.target) == 10_000


def test_new_rows_stand_behind_the_own_ones() -> None:
    """Own rows keep their place; groups are new, times late, weights as their origin's."""
    data = replace(
        mixed(10),
        groups=np.arange(10, dtype=np.int32) // 2,
        time=np.arange(10.0),
        sample_weight=np.arange(10, dtype=np.float32),
    )
    origin = np.array([1, 3], np.int32)
    new = NewRows(inputs=tuple(v[origin] for v in data.inputs), target=data.target[origin], origin=origin)
    found = with_rows(data, [new])
    assert found.num_rows == 12
    for own, wide in zip(data.inputs, found.inputs, strict=True):
        np.testing.assert_array_equal(wide[:10], own)
    assert found.groups[10:].tolist() == [5, 6]
    assert found.time[10:].tolist() == [3.0, 3.0]
    assert found.sample_weight[10:].tolist() == [2.0, 2.0]
    assert with_rows(data, []) is data


def test_pictures_are_no_table() -> None:
    """Inputs with more axes are refused with a reason."""
    pictures = Dataset(
        inputs=(np.zeros((4, 2, 2), np.float32),), target=np.zeros(4, np.int32), task=Task.BINARY
    )
    with pytest.raises(SettingsError, match="no table"):
        matrix_position(pictures)


def test_a_scaling_can_be_undone() -> None:
    """Filled and scaled numbers come back in the raw unit."""
    data = mixed()
    rows = np.arange(300, dtype=np.int32)
    table = row_tables.row_table(data, rows, KINDS)
    back = row_tables.as_inputs(table, table.numbers, table.codes)[0]
    known = ~np.isnan(data.inputs[0])
    np.testing.assert_allclose(back[known], data.inputs[0][known], rtol=1e-5)
    assert table.scaling is not None
    scaled = np.zeros((1, 7), np.float32)
    np.testing.assert_allclose(invert_scaling(table.scaling, scaled)[0, 0], table.scaling.center[0])
