"""Metrics agree with scikit-learn's, and say NaN where they are not defined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from wellfit.evaluation import (
    confusion_matrix,
    default_metric,
    evaluate,
    get_metric,
    metric_names,
    per_row_loss,
    score,
)
from wellfit.records import DataError, SettingsError, Task


def _classes(num_classes: int, seed: int = 0, num_rows: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Return codes and informative probabilities, rounded so that ties occur."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, num_classes, num_rows)
    logits = rng.normal(size=(num_rows, num_classes)) + 1.5 * np.eye(num_classes)[target]
    probability = np.round(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), 2) + 1e-3
    return target, probability / probability.sum(axis=1, keepdims=True)


def test_binary_metrics_equal_scikit_learn() -> None:
    """Every binary metric is the one that scikit-learn computes, ties and weights included."""
    target, probability = _classes(2)
    weight = np.random.default_rng(1).uniform(0.1, 3, len(target))
    guess, one = probability.argmax(axis=1), probability[:, 1]
    for weights in (None, weight):
        kw = {"sample_weight": weights}
        expected = {
            "log_loss": sk.log_loss(target, probability, **kw),
            "accuracy": sk.accuracy_score(target, guess, **kw),
            "balanced_accuracy": sk.balanced_accuracy_score(target, guess, **kw),
            "macro_f1": sk.f1_score(target, guess, average="macro", **kw),
            "roc_auc": sk.roc_auc_score(target, one, **kw),
            "average_precision": sk.average_precision_score(target, one, **kw),
            "brier": sk.brier_score_loss(target, one, **kw),
        }
        found = evaluate(Task.BINARY, target, probability, sample_weight=weights)
        assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)


def test_multiclass_metrics_equal_scikit_learn() -> None:
    """Every metric of several classes is the one that scikit-learn computes."""
    target, probability = _classes(4)
    guess = probability.argmax(axis=1)
    expected = {
        "log_loss": sk.log_loss(target, probability),
        "accuracy": sk.accuracy_score(target, guess),
        "balanced_accuracy": sk.balanced_accuracy_score(target, guess),
        "macro_f1": sk.f1_score(target, guess, average="macro"),
        "roc_auc": sk.roc_auc_score(target, probability, multi_class="ovr"),
        "brier": np.square(probability - np.eye(4)[target]).sum(axis=1).mean(),
    }
    found = evaluate(Task.MULTICLASS, target, probability)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)
    assert "average_precision" not in found


@pytest.mark.parametrize("shape", [(150,), (150, 1), (150, 3)])
def test_regression_metrics_equal_scikit_learn(shape: tuple[int, ...]) -> None:
    """Regression metrics are those of scikit-learn for one and several outputs, far from zero as well."""
    rng = np.random.default_rng(0)
    target = 1e4 + rng.normal(size=shape)
    value = target + 0.3 * rng.normal(size=shape)
    mse = sk.mean_squared_error(target, value)
    found = evaluate(Task.REGRESSION, target, value)
    assert found == pytest.approx(
        {
            "rmse": np.sqrt(mse),
            "mse": mse,
            "mae": sk.mean_absolute_error(target, value),
            "r2": sk.r2_score(target, value),
        },
        rel=1e-9,
    )


def test_calibration_error_by_hand() -> None:
    """Rows that are 90 % sure and right half of the time are 40 points too sure."""
    probability = np.tile([0.9, 0.1], (10, 1))
    assert score("calibration_error", Task.BINARY, [0, 1] * 5, probability) == pytest.approx(0.4)
    assert score("calibration_error", Task.BINARY, [0] * 9 + [1], probability) == pytest.approx(
        0.0, abs=1e-12
    )


def test_calibration_error_is_zero_for_calibrated_predictions() -> None:
    """Labels drawn from the predicted probabilities leave only sampling noise."""
    rng = np.random.default_rng(0)
    one = rng.uniform(size=50_000)
    probability = np.stack([1 - one, one], axis=1)
    assert score("calibration_error", Task.BINARY, rng.uniform(size=one.size) < one, probability) < 0.01


def test_absent_class() -> None:
    """A class that does not occur leaves AUC undefined, and the means over classes to the others."""
    target, probability = _classes(3)
    kept = target != 2
    found = evaluate(Task.MULTICLASS, target[kept], probability[kept])
    assert np.isnan(found["roc_auc"])
    recalls = sk.recall_score(target[kept], probability[kept].argmax(axis=1), average=None, labels=[0, 1])
    assert found["balanced_accuracy"] == pytest.approx(np.mean(recalls))
    one_class = evaluate(Task.BINARY, [0, 0], [[0.9, 0.1], [0.6, 0.4]])
    assert np.isnan([one_class["roc_auc"], one_class["average_precision"]]).all()
    assert one_class["accuracy"] == 1.0


def test_constant_target_has_no_r2() -> None:
    """R2 divides by the variance of the target; without any it is NaN, not 0 or 1."""
    found = evaluate(Task.REGRESSION, [3.0, 3.0, 3.0], [3.0, 2.0, 3.0])
    assert np.isnan(found["r2"])
    assert found["mae"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_prediction_is_nan_everywhere(bad: float) -> None:
    """One prediction that is not finite makes every metric NaN, without a warning or an error."""
    target, probability = _classes(3)
    probability[5, 1] = bad
    assert np.isnan(list(evaluate(Task.MULTICLASS, target, probability).values())).all()
    assert np.isnan(list(evaluate(Task.REGRESSION, [1.0, 2.0], [1.0, bad]).values())).all()


def test_row_losses_average_to_the_metric() -> None:
    """The mean of the row losses is the metric; rows that are not finite are NaN alone."""
    target, probability = _classes(3)
    for name in ("log_loss", "brier"):
        losses = per_row_loss(name, Task.MULTICLASS, target, probability)
        assert losses.mean() == pytest.approx(score(name, Task.MULTICLASS, target, probability))
    errors = per_row_loss("accuracy", Task.MULTICLASS, target, probability)
    assert errors.mean() == pytest.approx(1 - score("accuracy", Task.MULTICLASS, target, probability))
    probability[3] = np.nan
    assert np.flatnonzero(np.isnan(per_row_loss("log_loss", Task.MULTICLASS, target, probability))) == [3]


def test_row_loss_of_a_ranking_is_refused() -> None:
    """AUC is not a mean over rows; the error lists what is."""
    with pytest.raises(SettingsError, match="'log_loss'"):
        per_row_loss("roc_auc", Task.BINARY, [0, 1], [[0.5, 0.5], [0.5, 0.5]])


def test_certain_mistake_costs_a_finite_loss() -> None:
    """A probability of exactly 0 for the true class is bounded as in Keras."""
    assert score("log_loss", Task.BINARY, [1], [[1.0, 0.0]]) == pytest.approx(-np.log(1e-7))


def test_probabilities_are_divided_by_their_sum() -> None:
    """Rows that sum to something else are scored as Keras' crossentropy scores them."""
    assert score("log_loss", Task.BINARY, [1], [[0.2, 0.2]]) == pytest.approx(np.log(2))


@given(st.integers(0, 10_000), st.sampled_from(metric_names(Task.MULTICLASS)))
@settings(max_examples=40, deadline=None)
def test_row_order_does_not_matter(seed: int, name: str) -> None:
    """Permuting rows leaves every metric as it is."""
    target, probability = _classes(3, seed, num_rows=30)
    order = np.random.default_rng(seed).permutation(30)
    before = score(name, Task.MULTICLASS, target, probability)
    assert score(name, Task.MULTICLASS, target[order], probability[order]) == pytest.approx(
        before, nan_ok=True
    )


@given(st.integers(0, 10_000), st.floats(0.1, 100.0))
@settings(max_examples=30, deadline=None)
def test_regression_metrics_scale_with_the_target(seed: int, factor: float) -> None:
    """Measuring in another unit multiplies RMSE and MAE by the factor and leaves R2."""
    target, value = np.random.default_rng(seed).normal(size=(2, 20))
    before = evaluate(Task.REGRESSION, target, value)
    after = evaluate(Task.REGRESSION, factor * target, factor * value)
    assert after["rmse"] == pytest.approx(factor * before["rmse"])
    assert after["mae"] == pytest.approx(factor * before["mae"])
    assert after["r2"] == pytest.approx(before["r2"])


def test_directions_and_defaults() -> None:
    """Losses and errors are minimized, the others maximized; the default follows the task."""
    directions = {
        name: get_metric(name, task).direction
        for task in (Task.BINARY, Task.REGRESSION)
        for name in metric_names(task)
    }
    minimized = {name for name, direction in directions.items() if direction == "minimize"}
    assert minimized == {"log_loss", "brier", "calibration_error", "rmse", "mse", "mae"}
    assert default_metric(Task.MULTICLASS).name == "log_loss"
    assert default_metric(Task.REGRESSION).name == "rmse"


def test_unknown_metric_is_refused_with_a_hint() -> None:
    """The error names the closest metric and all there are for the task."""
    with pytest.raises(SettingsError, match="did you mean 'roc_auc'") as caught:
        get_metric("auc", Task.BINARY)
    assert "'average_precision'" in caught.value.expected
    with pytest.raises(SettingsError, match="'rmse'"):
        get_metric("accuracy", Task.REGRESSION)


@pytest.mark.parametrize(
    ("task", "target", "prediction", "message"),
    [
        (Task.BINARY, [0, 1], [0.2, 0.8], "two classes|fit together"),
        (Task.BINARY, [0, 1], [[0.2], [0.8]], "stack a single sigmoid"),
        (Task.BINARY, [0, 2], [[0.2, 0.8], [0.3, 0.7]], "codes from 0 to 2"),
        (Task.BINARY, [0, 1], [[-2.0, 3.0], [0.3, 0.7]], "softmax"),
        (Task.MULTICLASS, [], np.zeros((0, 3)), "at least one row"),
        (Task.REGRESSION, [1.0, 2.0], [1.0], "same shape"),
        (Task.REGRESSION, [1.0, 2.0], [[1.0, 2.0], [1.0, 2.0]], "same shape"),
    ],
)
def test_what_does_not_fit_is_refused(task: Task, target: object, prediction: object, message: str) -> None:
    """Shapes, codes and logits that cannot be scored say what was expected."""
    with pytest.raises(DataError, match=message):
        evaluate(task, target, prediction)


@pytest.mark.parametrize("weight", [[1.0], [1.0, np.nan], [-1.0, 1.0], [0.0, 0.0]])
def test_weights_that_do_not_fit_are_refused(weight: list[float]) -> None:
    """Sample weights are finite, not negative, and not all zero."""
    with pytest.raises(DataError, match="2 finite weights"):
        evaluate(Task.REGRESSION, [1.0, 2.0], [1.0, 2.0], sample_weight=weight)


def test_confusion_matrix() -> None:
    """Counts equal scikit-learn's; rows without a finite prediction are left out."""
    target, probability = _classes(4)
    expected = sk.confusion_matrix(target, probability.argmax(axis=1))
    assert (confusion_matrix(target, probability) == expected).all()
    expected[target[7], probability[7].argmax()] -= 1
    probability[7] = np.nan
    assert (confusion_matrix(target, probability) == expected).all()
