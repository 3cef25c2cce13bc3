"""Greedy ensembles: better than their best member, deterministic, masked."""

from __future__ import annotations

import numpy as np
import pytest

from wellfit.records import DataError, SettingsError
from wellfit.search import greedy_selection


def _values(num: int = 12, rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return predictions ``[candidate, row, 1]`` with independent errors, and the target."""
    rng = np.random.default_rng(seed)
    target = rng.normal(size=rows)
    deviation = np.linspace(0.6, 1.5, num)[:, None]
    return (target + deviation * rng.normal(size=(num, rows)))[:, :, None], target


def _shares(num: int = 12, rows: int = 300, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities ``[candidate, row, class]`` with independent errors, and codes."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, classes, rows)
    logits = np.eye(classes)[codes] + 1.2 * rng.normal(size=(num, rows, classes))
    shares = np.exp(logits)
    return shares / shares.sum(axis=2, keepdims=True), codes


def _mse(predictions: np.ndarray, target: np.ndarray) -> float:
    return float(np.square(predictions[..., 0] - target).mean())


def _mean(predictions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.einsum("c,c...->...", weights, predictions)


def test_mean_beats_the_best_candidate() -> None:
    """Independent errors average out, and the better candidates get more."""
    predictions, target = _values()
    weights = greedy_selection(predictions, target, "squared_error")
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    assert _mse(_mean(predictions, weights), target) < 0.5 * _mse(predictions[0], target)
    assert weights[:4].sum() > weights[-4:].sum()


def test_log_loss_is_that_of_mean_probabilities() -> None:
    """The ensemble of classifiers has a lower log loss than any of them."""
    predictions, codes = _shares()

    def loss(shares: np.ndarray) -> float:
        return float(-np.log(shares[np.arange(len(codes)), codes]).mean())

    weights = greedy_selection(predictions, codes, "log_loss")
    assert loss(_mean(predictions, weights)) < min(loss(one) for one in predictions) - 0.1


@pytest.mark.parametrize("loss", ["log_loss", "squared_error"])
def test_each_step_is_the_best_one(loss: str) -> None:
    """The running sums find what trying every candidate by itself finds."""
    predictions, target = _shares(6, 40, 2) if loss == "log_loss" else _values(6, 40)
    chosen = _slow(predictions, target, loss, max_size=8)
    expected = np.bincount(chosen, minlength=6) / len(chosen)
    assert np.allclose(greedy_selection(predictions, target, loss, max_size=8), expected)  # type: ignore[arg-type]


def _slow(predictions: np.ndarray, target: np.ndarray, loss: str, max_size: int) -> list[int]:
    def of(members: list[int]) -> float:
        mean = predictions[members].mean(axis=0)
        if loss == "log_loss":
            return float(-np.log(mean[np.arange(len(target)), target]).mean())
        return _mse(mean, target)

    order = sorted(range(len(predictions)), key=lambda c: of([c]))
    chosen = min((order[: size + 1] for size in range(5)), key=of)
    while len(chosen) < max_size:
        options = [[*chosen, c] for c in range(len(predictions))]
        best = min(options, key=of)
        if of(best) >= of(chosen):
            break
        chosen = best
    return chosen


def test_one_perfect_candidate_is_alone() -> None:
    """Nothing improves on it, so that it stops at once."""
    predictions, target = _values()
    predictions[5, :, 0] = target
    assert greedy_selection(predictions, target, "squared_error").tolist() == np.eye(12)[5].tolist()


def test_ties_take_the_first() -> None:
    """Equal candidates: the first one alone, however often it is asked."""
    predictions = np.repeat(np.full((1, 6, 1), 1.0), 3, axis=0)
    for _ in range(2):
        assert greedy_selection(predictions, np.zeros(6), "squared_error").tolist() == [1.0, 0.0, 0.0]


def test_size_is_bounded_and_order_of_rows_does_not_matter() -> None:
    """Weights are multiples of one over the size, and rows are a set."""
    predictions, target = _values()
    weights = greedy_selection(predictions, target, "squared_error", max_size=4)
    assert np.count_nonzero(weights) <= 4
    turned = greedy_selection(predictions[:, ::-1], target[::-1], "squared_error", max_size=4)
    assert np.allclose(weights, turned)


def test_weights_of_rows_count() -> None:
    """A row of weight 3 is a row that is there three times."""
    predictions, target = _values(rows=50)
    weight = np.arange(50) % 3 + 1
    again = np.repeat(np.arange(50), weight)
    one = greedy_selection(predictions, target, "squared_error", sample_weight=weight)
    assert np.allclose(one, greedy_selection(predictions[:, again], target[again], "squared_error"))


def test_rows_without_a_prediction_use_those_that_have_one() -> None:
    """Two halves that know different rows are both taken."""
    predictions, target = _values(2, rows=100)
    predictions[1] = predictions[0] + 0.1
    predictions[0, :50], predictions[1, 50:] = np.nan, np.nan
    weights = greedy_selection(predictions, target, "squared_error")
    assert (weights > 0).all()


@pytest.mark.parametrize(
    ("predictions", "target", "loss"),
    [
        (np.ones((2, 3, 1)), np.zeros(4), "squared_error"),
        (np.ones((2, 3, 2)), np.zeros((3, 1)), "squared_error"),
        (np.ones((2, 3, 2)) / 2, np.array([0, 1, 2]), "log_loss"),
        (np.full((2, 3, 1), np.nan), np.zeros(3), "squared_error"),
    ],
)
def test_what_does_not_fit_is_refused(predictions: np.ndarray, target: np.ndarray, loss: str) -> None:
    """Shapes, codes and rows that nobody predicts."""
    with pytest.raises(DataError, match="Expected"):
        greedy_selection(predictions, target, loss)  # type: ignore[arg-type]


def test_unknown_loss_and_no_members_are_refused() -> None:
    """There are two losses, and an ensemble has members."""
    with pytest.raises(SettingsError, match="log_loss"):
        greedy_selection(np.ones((1, 2, 1)), np.ones(2), "accuracy")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="members"):
        greedy_selection(np.ones((1, 2, 1)), np.ones(2), "squared_error", max_size=0)
