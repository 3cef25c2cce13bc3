"""Strong models of other kinds: what they return, what each can learn, and odd tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from wellfit.evaluation import _strong as strong
from wellfit.evaluation import one_thread, strong_predictions
from wellfit.records import Task

NAMES = {"linear", "trees", "neighbors", "average"}


@pytest.fixture(autouse=True)
def on_one_core() -> Iterator[None]:
    """Fit on one core: threads that wait for each other cost more than they gain on small data."""
    with one_thread():
        yield


def rings(num_rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return two columns whose distance from the origin alone tells two classes apart."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(num_rows, 2))
    return x, (np.square(x).sum(axis=1) > 1.4).astype(int)


def test_probabilities_of_classes() -> None:
    """Each model gives a row of positive probabilities that add up to one."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(150, 3))
    y = np.digitize(x[:, 0], [-0.5, 0.5])
    found = strong_predictions(x, y, x[:40], Task.MULTICLASS, 3)
    assert set(found) == NAMES
    for probability in found.values():
        assert probability.shape == (40, 3)
        assert (probability > 0).all()
        np.testing.assert_allclose(probability.sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_allclose(
        found["average"], np.mean([found[name] for name in NAMES - {"average"}], axis=0)
    )


def test_models_work_in_different_ways() -> None:
    """Rings are out of reach of the linear model and easy for trees and neighbors."""
    x, y = rings()
    new_x, new_y = rings(seed=1)
    found = strong_predictions(x, y, new_x, Task.BINARY, 2)
    right = {name: float((found[name].argmax(axis=1) == new_y).mean()) for name in NAMES}
    assert right["linear"] < 0.7
    assert right["trees"] > 0.85
    assert right["neighbors"] > 0.85


def test_values_of_regression() -> None:
    """Each model predicts the first output, close to a line that is there."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, 2))
    y = np.stack([3 * x[:, 0] + 1, rng.normal(size=200)], axis=1)
    found = strong_predictions(x[:150], y[:150], x[150:], Task.REGRESSION)
    assert set(found) == NAMES
    variance = float(np.var(y[150:, 0]))
    for name, values in found.items():
        assert values.shape == (50,)
        assert np.mean((values - y[150:, 0]) ** 2) < 0.3 * variance, name
    assert np.mean((found["linear"] - y[150:, 0]) ** 2) < 0.01 * variance


def test_missing_cells_are_no_obstacle() -> None:
    """NaN on either side, and a column of nothing else, give finite predictions."""
    x, y = rings(120)
    x = np.concatenate([x, np.full((120, 1), np.nan)], axis=1)
    x[::7, 0] = np.nan
    for values in strong_predictions(x[:90], y[:90], x[90:], Task.BINARY, 2).values():
        assert np.isfinite(values).all()


@pytest.mark.parametrize("label", [0, 1])
def test_a_single_class_is_predicted_for_certain(label: int) -> None:
    """Of one class only all models say so; few rows are no proof that the other is impossible."""
    x, _ = rings(40)
    found = strong_predictions(x, np.full(40, label), x[:5], Task.BINARY, 2)
    for values in found.values():
        assert (values[:, label] > 0.9).all()
    assert (found["trees"] > 0).all()
    assert (found["neighbors"] > 0).all()


def test_a_class_without_rows_keeps_its_column() -> None:
    """Codes stay where they are when a class is absent from the training rows."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(80, 2))
    y = np.where(x[:, 0] > 0, 2, 0)
    found = strong_predictions(x, y, x, Task.MULTICLASS, 3)
    for values in found.values():
        assert values.shape == (80, 3)
        assert (values[:, 1] < 0.1).all()
        assert (values.argmax(axis=1) == y).mean() > 0.8


def test_the_same_rows_give_the_same_predictions() -> None:
    """Nothing is drawn."""
    x, y = rings(100)
    one, two = (strong_predictions(x, y, x[:10], Task.BINARY, 2) for _ in range(2))
    for name in NAMES:
        np.testing.assert_array_equal(one[name], two[name])


def test_many_rows_and_columns_are_thinned_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every n-th row and column is used; what remains still predicts."""
    monkeypatch.setattr(strong, "_MAX_ROWS", 100)
    monkeypatch.setattr(strong, "_MAX_FEATURES", 2)
    x, y = rings(300)
    x = np.repeat(x, 2, axis=1)  # columns 0 and 2 remain: the two that matter
    found = strong_predictions(x, y, x, Task.BINARY, 2)
    assert found["trees"].shape == (300, 2)
    assert (found["trees"].argmax(axis=1) == y).mean() > 0.8


def test_one_thread_limits_and_restores() -> None:
    """Inside every pool has one thread, behind it as many as before."""

    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info()]

    with threadpool_limits(2):
        before = threads()
        with one_thread():
            assert set(threads()) <= {1}
        assert threads() == before
    assert set(before) == {2}
