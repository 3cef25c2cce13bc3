"""The whole evaluation, and the odd holdouts that must not break it."""

from __future__ import annotations

import numpy as np
import pytest

from wellfit.data import ReadableColumn
from wellfit.evaluation import column_view, holdout_view, relation, residuals, worst_rows
from wellfit.evaluation._residuals import MOST_POINTS
from wellfit.records import Task


def test_two_networks_of_two_classes() -> None:
    """Curves and reliability of both, all else of the chosen one."""
    rng = np.random.default_rng(0)
    said = rng.beta(1, 1, 300)
    target = (rng.random(300) < said).astype(int)
    chosen, baseline = (np.stack([1 - p, p], axis=1) for p in (said, said**2))
    found = holdout_view(
        Task.BINARY, target, {"chosen": chosen, "baseline": baseline}, class_names=("no", "yes")
    )
    assert [curve.network for curve in found.curves] == ["chosen", "baseline"]
    assert {curve.positive for curve in found.curves} == {"yes"}
    assert [one.network for one in found.reliability] == ["chosen", "baseline"]
    assert found.reliability[0].error < found.reliability[1].error
    assert found.num_mistakes == (chosen.argmax(axis=1) != target).sum()
    assert found.residuals is None


@pytest.mark.parametrize(
    ("target", "said", "num_curves", "mistakes"),
    [
        (np.zeros(5, int), np.array([[0.7, 0.3]] * 5), 0, 0),
        (np.array([1]), np.array([[0.7, 0.3]]), 0, 1),
        (np.array([0, 1] * 30), np.full((60, 2), 0.5), 1, 30),
        (np.array([0, 2, 2]), np.eye(3)[[0, 1, 2]], 2, 1),
    ],
    ids=["one class", "one row", "constant", "an absent class"],
)
def test_odd_holdouts(target: np.ndarray, said: np.ndarray, num_curves: int, mistakes: int) -> None:
    """What is not defined is missing; the rest is there."""
    task = Task.BINARY if said.shape[1] == 2 else Task.MULTICLASS
    found = holdout_view(task, target, {"chosen": said}, class_names=("a", "b", "c"))
    assert len(found.curves) == num_curves
    assert found.num_mistakes == mistakes
    assert found.scores["accuracy"].value == pytest.approx(1 - mistakes / len(target))


def test_sixty_classes_have_four_curves() -> None:
    """The record is bounded, whatever the number of classes."""
    rng = np.random.default_rng(0)
    target = rng.integers(0, 60, 600)
    said = 0.5 * rng.dirichlet(np.ones(60), 600) + 0.5 * np.eye(60)[target]
    found = holdout_view(
        Task.MULTICLASS,
        target,
        {"chosen": said, "baseline": said[:, ::-1]},
        class_names=tuple(map(str, range(60))),
    )
    assert len(found.curves) == 4
    assert {curve.network for curve in found.curves} == {"chosen"}
    assert (len(found.classes), found.num_curve_classes) == (60, 60)


def test_rows_without_a_prediction_are_counted_and_left_out() -> None:
    """NaN in some rows leaves the others; in all rows nothing; a broken baseline stands beside nobody."""
    said = np.array([[0.9, 0.1], [np.nan, np.nan], [0.2, 0.8]])
    found = holdout_view(Task.BINARY, np.array([0, 0, 1]), {"chosen": said, "baseline": said * np.nan})
    assert (found.num_rows, found.num_unusable) == (3, 1)
    assert found.scores["accuracy"].value == 1
    assert [one.network for one in found.reliability] == ["chosen"]
    nothing = holdout_view(Task.BINARY, np.array([0, 0, 1]), {"chosen": said * np.nan})
    assert (nothing.num_unusable, nothing.scores, nothing.curves) == (3, {}, ())
    assert len(worst_rows(Task.BINARY, np.array([0, 0, 1]), said * np.nan)[0]) == 0
    assert holdout_view(Task.BINARY, np.zeros(0, int), {"chosen": said[:0]}).num_rows == 0


def test_the_worst_rows_come_first() -> None:
    """Wrong rows whose class was least probable; the largest residuals; a row without error is no mistake."""
    said = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.99, 0.01]])
    rows, amounts = worst_rows(Task.BINARY, np.array([0, 1, 1, 1]), said)
    assert rows.tolist() == [3, 1]
    assert amounts.tolist() == [0.01, 0.4]
    rows, amounts = worst_rows(
        Task.REGRESSION, np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [9.0], [2.0]])
    )
    assert (rows.tolist(), amounts.tolist()) == ([1, 2], [-7.0, 1.0])


def test_residuals_are_bounded_and_keep_the_wild_ones() -> None:
    """500 points at most with the largest residuals; 20 bins, the wild row in the last one."""
    rng = np.random.default_rng(0)
    true = rng.normal(size=5000)
    said = true + rng.normal(size=5000)
    said[7] = true[7] - 500
    found = residuals(true, said)
    assert len(found.true) == MOST_POINTS
    assert max(np.subtract(found.true, found.predicted)) == pytest.approx(500, rel=1e-4)
    assert len(found.counts) == len(found.edges) - 1 == 20
    assert sum(found.counts) == sum(one.num_rows for one in found.bins) == 5000
    assert found.edges[-1] < 10
    mean = sum(one.mean * one.num_rows for one in found.bins) / 5000
    assert mean == pytest.approx((true - said).mean(), abs=1e-4)
    again = residuals(true, said)
    assert again == found


def test_columns_are_bounded_and_count_every_row() -> None:
    """Bars for few values, bins for many; all others and missing rows are counted; NaN has none."""
    rng = np.random.default_rng(0)
    few = column_view(ReadableColumn(name="n", kind="integer", numbers=np.array([2.0, 1.0, 1.0, np.nan])))
    assert (few.labels, few.counts, few.num_missing) == (("1", "2"), (2, 1), 1)
    many = column_view(ReadableColumn(name="n", kind="numeric", numbers=rng.normal(size=900)))
    assert (len(many.counts), sum(many.counts), many.labels) == (20, 900, ())
    assert many.smallest < many.median < many.largest
    codes = np.repeat(np.arange(30), np.arange(30, 0, -1))
    named = column_view(
        ReadableColumn(name="c", kind="category", codes=codes, labels=tuple(f"c{k}" for k in range(30)))
    )
    assert named.labels[:2] == ("c0", "c1")
    assert sum(named.counts) + named.num_other == len(codes)
    empty = column_view(ReadableColumn(name="n", kind="numeric", numbers=np.full(3, np.nan)))
    assert (empty.counts, empty.num_missing) == ((), 3)


def test_relation_is_zero_by_chance_and_one_for_a_copy() -> None:
    """Noise explains about nothing, though it has as many bins; a shifted copy explains nearly all."""
    rng = np.random.default_rng(0)
    target = rng.normal(size=(2000, 1))
    noise = ReadableColumn(name="n", kind="numeric", numbers=rng.normal(size=2000))
    copy = ReadableColumn(name="n", kind="numeric", numbers=target[:, 0] + 3)
    assert relation(noise, target, Task.REGRESSION) < 0.01
    assert relation(copy, target, Task.REGRESSION) > 0.95
    assert relation(copy, np.zeros(2000, int), Task.BINARY) == 0
