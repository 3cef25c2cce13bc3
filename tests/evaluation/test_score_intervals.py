"""Intervals of scores cover the truth as often as they say, and blocks of rows are as good as rows."""

from __future__ import annotations

import numpy as np
import pytest

from wellfit.evaluation import evaluate, score_intervals, wilson
from wellfit.evaluation._blocks import MOST_BLOCKS, block_codes
from wellfit.records import Task


def test_values_are_those_of_evaluate() -> None:
    """Every metric is there, with its value; those without a cheap interval have none."""
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, 200)
    said = rng.dirichlet([1, 1], 200)
    found = score_intervals(Task.BINARY, target, said)
    assert {name: one.value for name, one in found.items()} == evaluate(Task.BINARY, target, said)
    without = {name for name, one in found.items() if np.isnan(one.low)}
    assert without == {"average_precision", "calibration_error"}


@pytest.mark.parametrize("num_rows", [300, 2000])
def test_intervals_cover_the_truth(num_rows: int) -> None:
    """The mean absolute error of normal noise lies in 95 of 100 intervals, with blocks of rows as well."""
    rng = np.random.default_rng(1)
    truth = np.sqrt(2 / np.pi)
    hits = 0
    for seed in range(100):
        noise = rng.normal(size=num_rows)
        one = score_intervals(Task.REGRESSION, noise, np.zeros(num_rows), seed=seed)["mae"]
        hits += one.low < truth < one.high
    assert 89 <= hits <= 100


def test_groups_stay_in_one_block() -> None:
    """Rows of a group share a block, and there are never more than 500."""
    groups = np.repeat(np.arange(1000), 3)
    codes = block_codes(3000, groups, seed=0)
    assert len(np.unique(codes)) == MOST_BLOCKS
    assert (codes.reshape(1000, 3) == codes[::3, None]).all()


def test_one_row_has_no_interval() -> None:
    """A single row says nothing of its own noise; R2 of it is not defined."""
    found = score_intervals(Task.REGRESSION, [1.0], [2.0])
    assert found["mae"].value == 1
    assert np.isnan([found["mae"].low, found["r2"].value]).all()


def test_a_perfect_score_is_not_certain() -> None:
    """Twenty of twenty right is what Wilson says; other scores that no resample changes have no interval."""
    target = np.array([0, 1] * 10)
    found = score_intervals(Task.BINARY, target, np.eye(2)[target])
    assert (found["accuracy"].low, found["accuracy"].high) == pytest.approx(wilson(20, 20))
    assert found["macro_f1"].value == 1
    assert np.isnan(found["macro_f1"].low)


def test_the_area_has_the_interval_of_its_groups() -> None:
    """Copies of rows make the interval of the area no narrower."""
    rng = np.random.default_rng(0)
    said = rng.beta(1, 1, 80)
    target = (rng.random(80) < said).astype(int)
    shares = np.stack([1 - said, said], axis=1)
    alone = score_intervals(Task.BINARY, target, shares)["roc_auc"]
    copied = score_intervals(
        Task.BINARY, np.repeat(target, 5), np.repeat(shares, 5, axis=0), groups=np.repeat(np.arange(80), 5)
    )["roc_auc"]
    assert alone.low < alone.value < alone.high
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high))
