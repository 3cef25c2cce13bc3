"""A linear head on fixed features."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits

from wellfit.evaluation import evaluate, linear_head_predictions, reference_predictions, score
from wellfit.records import DataError, Task


def test_it_learns_real_classes() -> None:
    """On few handwritten digits it is at least as good as a linear model of fixed penalty."""
    data, target = load_digits(return_X_y=True)
    train, other = np.arange(0, 1797, 9), np.arange(1, 1797, 4)
    said = linear_head_predictions(data[train], target[train], data[other], Task.MULTICLASS, 10)
    found = evaluate(Task.MULTICLASS, target[other], said)
    fixed = reference_predictions(data[train], target[train], data[other], Task.MULTICLASS, 10)["linear"]
    assert found["accuracy"] > 0.85
    assert found["log_loss"] < 1.1 * score("log_loss", Task.MULTICLASS, target[other], fixed)


def test_the_penalty_is_chosen_by_the_rows() -> None:
    """Many columns of noise and few rows: what it says of other rows is no worse than chance by much."""
    rng = np.random.default_rng(0)
    target = np.arange(60) % 2
    said = linear_head_predictions(
        rng.normal(size=(60, 300)), target, rng.normal(size=(200, 300)), Task.BINARY, 2
    )
    assert score("log_loss", Task.BINARY, np.arange(200) % 2, said) < 0.8


def test_values_keep_their_shape() -> None:
    """One or two targets; with two rows there is only the mean."""
    data, target = load_diabetes(return_X_y=True)
    said = linear_head_predictions(data[::2], target[::2], data[1::2], Task.REGRESSION)
    assert 0.4 < score("r2", Task.REGRESSION, target[1::2], said) < 0.6
    both = np.stack([target, -target], axis=1)
    pair = linear_head_predictions(data[::2], both[::2], data[1::2], Task.REGRESSION)
    np.testing.assert_allclose(pair, np.stack([said, -said], axis=1), rtol=1e-6)
    few = linear_head_predictions(data[:2], target[:2], data[:3], Task.REGRESSION)
    np.testing.assert_allclose(few, np.full(3, target[:2].mean()))


def test_odd_rows() -> None:
    """Columns that do not vary, classes with one row or none, and rows of weight 0 are no trouble."""
    data = np.array([[0.0, 5], [0.2, 5], [1.0, 5], [1.1, 5], [0.1, 5], [0.15, 5], [1.2, 5], [9.0, 5]])
    target = np.array([0, 0, 2, 2, 0, 0, 2, 3])
    said = linear_head_predictions(
        data, target, data, Task.MULTICLASS, 5, sample_weight=[1, 1, 1, 1, 1, 1, 1, 0]
    )
    assert (said[:, [1, 4]] == 0).all()
    assert (said[:7].argmax(axis=1) == target[:7]).all()
    alone = linear_head_predictions(data[:2], target[:2], data, Task.BINARY, 2)
    assert (alone == [1.0, 0.0]).all()
    still = linear_head_predictions(data[:, 1:], target, data[:, 1:], Task.MULTICLASS, 5)
    np.testing.assert_allclose(still[0], [0.5, 0, 0.375, 0.125, 0], atol=0.02)
    with pytest.raises(DataError, match="at least one"):
        linear_head_predictions(data[:0], target[:0], data, Task.BINARY, 2)
