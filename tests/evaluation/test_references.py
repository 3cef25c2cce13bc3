"""The yardsticks: chance level and a linear model."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from wellfit.evaluation import evaluate, reference_predictions, score
from wellfit.records import DataError, Task


def test_majority_scores_the_entropy() -> None:
    """The log loss of the majority reference on its own rows is the entropy of the target."""
    target = np.array([0] * 30 + [1] * 10)
    found = reference_predictions(np.zeros((40, 1)), target, np.zeros((40, 1)), Task.BINARY, 2)
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    scores = evaluate(Task.BINARY, target, found["majority"])
    assert scores["log_loss"] == pytest.approx(entropy)
    assert (scores["accuracy"], scores["roc_auc"]) == (0.75, 0.5)


@pytest.mark.parametrize(
    ("load", "task", "bound"), [(load_breast_cancer, Task.BINARY, 0.95), (load_wine, Task.MULTICLASS, 0.95)]
)
def test_linear_model_learns_real_classes(load: object, task: Task, bound: float) -> None:
    """On tables that are nearly linear the linear reference reaches what is known of them."""
    data, target = load(return_X_y=True)
    train = np.arange(len(target)) % 2 == 0
    found = reference_predictions(data[train], target[train], data[~train], task, int(target.max()) + 1)
    assert score("accuracy", task, target[~train], found["linear"]) > bound
    assert score("accuracy", task, target[~train], found["majority"]) < 0.7


def test_linear_model_learns_a_real_regression() -> None:
    """On the diabetes table the linear reference explains what is known of it, the mean nothing."""
    data, target = load_diabetes(return_X_y=True)
    train = np.arange(len(target)) % 2 == 0
    found = reference_predictions(data[train], target[train], data[~train], Task.REGRESSION)
    assert 0.4 < score("r2", Task.REGRESSION, target[~train], found["linear"]) < 0.6
    assert found["mean"] == pytest.approx(target[train].mean())


def test_several_outputs_keep_their_shape() -> None:
    """Two targets are predicted as two columns."""
    rng = np.random.default_rng(0)
    data = rng.normal(size=(50, 3))
    found = reference_predictions(data, data[:, :2] * 2 + 1, data[:5], Task.REGRESSION)
    assert found["linear"].shape == found["mean"].shape == (5, 2)
    assert found["linear"] == pytest.approx(data[:5, :2] * 2 + 1, abs=0.2)


def test_dirty_inputs() -> None:
    """Missing cells, constant, empty and huge columns and wild new rows still give finite predictions."""
    rng = np.random.default_rng(0)
    data = rng.normal(size=(200, 5))
    target = (data[:, 0] > 0).astype(int)
    data[:, 1], data[:, 2], data[::7, 0] = 5.0, np.nan, np.nan
    data[:, 3] *= 1e12
    new = np.array([[np.nan] * 5, [np.inf] * 5, [1e300] * 5, [-1.0, 5.0, np.nan, 0.0, 0.0]])
    found = reference_predictions(data, target, new, Task.BINARY, 2)
    assert np.isfinite(found["linear"]).all()
    assert found["linear"][3, 0] > 0.8


def test_units_do_not_matter() -> None:
    """Inputs in other units give the same predictions."""
    data, target = load_diabetes(return_X_y=True)
    first, second = (
        reference_predictions(inputs, target, inputs[:20], Task.REGRESSION)["linear"]
        for inputs in (data, 1e3 * data - 7.0)
    )
    assert first == pytest.approx(second)


def test_class_absent_from_training() -> None:
    """A class that training rows lack gets probability 0; one class alone is predicted as such."""
    data = np.array([[0.0], [0.1], [1.0], [1.1]])
    found = reference_predictions(data, np.array([0, 0, 2, 2]), data, Task.MULTICLASS, 3)
    assert (found["linear"][:, 1] == 0).all()
    assert (found["linear"].argmax(axis=1) == [0, 0, 2, 2]).all()
    alone = reference_predictions(data, np.zeros(4, int), data, Task.BINARY, 2)
    assert (alone["linear"] == [1.0, 0.0]).all()


def test_weights_move_the_references() -> None:
    """Rows of weight 0 do not count."""
    data, target = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 100.0])
    found = reference_predictions(data, target, data, Task.REGRESSION, sample_weight=[1.0, 1.0, 0.0])
    assert found["mean"] == pytest.approx(2.0)


def test_what_cannot_be_fitted_is_refused() -> None:
    """No rows, and codes beyond the classes, are errors."""
    with pytest.raises(DataError, match="at least one"):
        reference_predictions(np.zeros((0, 2)), np.zeros(0), np.zeros((1, 2)), Task.REGRESSION)
    with pytest.raises(DataError, match="from 0 to 1"):
        reference_predictions(np.zeros((2, 2)), np.array([0, 2]), np.zeros((1, 2)), Task.BINARY, 2)
