"""Temperatures: found where they are known, drawn towards 1 by few rows, bounded, NaN refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from wellfit.evaluation import apply_temperature, fit_temperature, score
from wellfit.records import DataError, Task


def _rows(num_rows: int, num_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return logits and codes that were drawn from their softmax: their temperature is 1."""
    rng = np.random.default_rng(seed)
    logits = 2.0 * rng.normal(size=(num_rows, num_classes))
    codes = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return logits, codes


@pytest.mark.parametrize("num_classes", [2, 5])
@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_known_temperature_is_found(num_classes: int, factor: float) -> None:
    """Logits that were multiplied by a factor need that factor as their temperature."""
    logits, codes = _rows(20_000, num_classes)
    assert fit_temperature(factor * logits, codes, from_logits=True) == pytest.approx(factor, rel=0.06)


def test_probabilities_and_logits_agree() -> None:
    """The logarithm of a probability is a logit up to a constant; one unit is two classes."""
    logits, codes = _rows(500, 2)
    unit = logits[:, 1] - logits[:, 0]
    both = fit_temperature(logits, codes, from_logits=True)
    share = 1.0 / (1.0 + np.exp(-unit))
    for same in (
        fit_temperature(unit, codes, from_logits=True),
        fit_temperature(share, codes),
        fit_temperature(share[:, None], codes),
        fit_temperature(np.stack([1 - share, share], axis=1), codes),
    ):
        assert same == pytest.approx(both, rel=1e-3)


def test_applied_temperature_lowers_the_log_loss_of_its_rows() -> None:
    """Probabilities that are too sure lose log loss and keep their classes."""
    logits, codes = _rows(300, 4)
    sure = apply_temperature(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), 0.3)
    mended = apply_temperature(sure, fit_temperature(sure, codes))
    losses = [score("log_loss", Task.MULTICLASS, codes, p) for p in (sure, mended)]
    assert losses[1] < losses[0] - 0.1
    assert (mended.argmax(axis=1) == sure.argmax(axis=1)).all()
    assert np.allclose(mended.sum(axis=1), 1.0)


def test_few_rows_are_drawn_towards_one() -> None:
    """Three confident mistakes say less than three hundred."""
    few = fit_temperature([[0.99, 0.01]] * 3, [1, 0, 0])
    many = fit_temperature([[0.99, 0.01]] * 300, [1, 0, 0] * 100)
    assert 1.0 < few < 0.6 * many


@pytest.mark.parametrize("num_rows", [1, 10, 10_000])
def test_rows_that_are_all_right_do_not_drive_it_to_zero(num_rows: int) -> None:
    """Right answers alone ask for ever more certainty; the bounds and the prior end that."""
    found = fit_temperature([[0.8, 0.2]] * num_rows, [0] * num_rows)
    assert 0.05 <= found < 1.0


def test_pure_noise_stays_below_the_highest() -> None:
    """Sure answers that are as often wrong as right ask for infinity."""
    assert 5.0 < fit_temperature([[1.0, 0.0]] * 10_000, [0, 1] * 5_000) <= 20.0


def test_equal_probabilities_have_temperature_one() -> None:
    """Nothing depends on it."""
    assert fit_temperature([[0.5, 0.5]] * 9, [0, 1, 0] * 3) == pytest.approx(1.0, abs=1e-3)


@given(st.floats(0.01, 100.0))
def test_scale_of_weights_does_not_matter(scale: float) -> None:
    """Weights are relative; a row of weight 2 is a row that is there twice, up to what the prior is worth."""
    logits, codes = _rows(60, 3)
    weights = np.arange(60) % 3 + 1.0
    one = fit_temperature(logits, codes, weights, from_logits=True)
    assert fit_temperature(logits, codes, scale * weights, from_logits=True) == pytest.approx(one, rel=1e-3)


@pytest.mark.parametrize(
    ("predicted", "target", "weight"),
    [
        ([[np.nan, 0.5]], [0], None),
        ([[0.5, 0.5]], [2], None),
        ([[0.5, 0.5]], [0, 1], None),
        ([[0.5, 0.5]], [0.5], None),
        ([[0.5, 0.5]], [0], [np.nan]),
        ([[0.5, 0.5]], [0], [0.0]),
        ([], [], None),
    ],
)
def test_what_does_not_fit_is_refused(predicted: object, target: object, weight: object) -> None:
    """NaN, codes out of range and wrong shapes are errors that say what is expected."""
    with pytest.raises(DataError, match="Expected"):
        fit_temperature(predicted, target, weight)  # type: ignore[arg-type]


def test_views_are_judged_by_their_mean() -> None:
    """Equal views are one; the loss of the mean is lowest at what is returned, and it is not the first's."""
    logits, codes = _rows(4000, 3)
    one = fit_temperature(logits, codes, from_logits=True)
    assert fit_temperature([logits, logits], codes, from_logits=True) == pytest.approx(one, rel=1e-3)
    noise = np.random.default_rng(1).normal(size=(2, *logits.shape))
    views = softmax(2.0 * (logits + noise), axis=2)
    found = fit_temperature(views, codes)

    def loss(temperature: float) -> float:
        mean = np.mean([apply_temperature(view, temperature) for view in views], axis=0)
        return -np.log(mean[np.arange(len(codes)), codes]).mean()

    assert loss(found) <= min(loss(0.9 * found), loss(1.1 * found))
    assert found < 0.95 * fit_temperature(views[0], codes)  # a mean is less sure than what it is of


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan])
def test_no_temperature_is_refused(temperature: float) -> None:
    """A temperature is above 0."""
    with pytest.raises(DataError, match="temperature"):
        apply_temperature([[0.5, 0.5]], temperature)
