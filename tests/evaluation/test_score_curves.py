"""Curves, thresholds and reliability: scikit-learn's values, in few points; odd cases too."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
    roc_curve,
)

from wellfit.evaluation import evaluate, reliability_curve, score_curve, threshold_scores
from wellfit.evaluation._score_curves import MOST_POINTS, hardest_classes
from wellfit.records import Task


def scored(num_rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return classes of two, and probabilities of the second that are true."""
    rng = np.random.default_rng(seed)
    said = rng.beta(1, 3, num_rows)
    return rng.random(num_rows) < said, said


def test_areas_are_those_of_scikit_learn() -> None:
    """The numbers beside the curve are taken from all rows, however few points are drawn."""
    truth, said = scored(3000)
    curve = score_curve(truth, said, network="chosen", positive="yes")
    assert curve is not None
    assert curve.roc_auc == pytest.approx(roc_auc_score(truth, said))
    assert curve.average_precision == pytest.approx(average_precision_score(truth, said))
    assert (curve.num_positive, curve.num_rows) == (int(truth.sum()), 3000)


def test_few_points_are_on_the_curve_and_keep_its_area() -> None:
    """At most 200 points, ends included, each of them a point of the whole curve; the area hardly changes."""
    truth, said = scored(20_000)
    curve = score_curve(truth, said, network="chosen", positive="yes")
    assert curve is not None
    for x, y in ((curve.false_positive_rate, curve.true_positive_rate), (curve.recall, curve.precision)):
        assert 50 < len(x) == len(y) <= MOST_POINTS
        assert list(x) == sorted(x)
        assert (x[0], x[-1]) == (0.0, 1.0)
    area = np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)
    assert area == pytest.approx(curve.roc_auc, abs=0.002)
    every = np.stack(roc_curve(truth, said, drop_intermediate=False)[:2], axis=1).round(4).tolist()
    own = zip(curve.false_positive_rate, curve.true_positive_rate, strict=True)
    assert all(list(point) in every for point in own)


@pytest.mark.parametrize("truth", [[True] * 4, [False] * 4, [True]])
def test_one_class_has_no_curve(truth: list[bool]) -> None:
    """Where all rows are positive, or none, there is nothing to draw."""
    assert score_curve(truth, [0.5] * len(truth), network="chosen", positive="yes") is None


def test_constant_predictions_are_chance() -> None:
    """One threshold flags all or nothing: the diagonal."""
    curve = score_curve([0, 1, 0, 1], [0.3] * 4, network="chosen", positive="yes")
    assert curve is not None
    assert curve.roc_auc == curve.average_precision == 0.5
    assert curve.false_positive_rate == curve.true_positive_rate == (0.0, 1.0)


def test_thresholds_are_those_of_scikit_learn() -> None:
    """Precision, recall, F1 and the share flagged; a threshold that flags no row has no precision."""
    truth, said = scored(500)
    for one in threshold_scores(truth, said):
        guess = said >= one.threshold
        assert one.flagged == pytest.approx(guess.mean())
        assert one.recall == pytest.approx(recall_score(truth, guess))
        assert one.f1 == pytest.approx(f1_score(truth, guess))
        if guess.any():
            assert one.precision == pytest.approx(precision_score(truth, guess))
        else:
            assert np.isnan(one.precision)
    assert np.isnan(threshold_scores([0, 0], [0.2, 0.9])[0].recall)


def test_reliability_adds_up_to_the_metric() -> None:
    """The error beside the curve is the metric in the table of scores, and the bins hold every row."""
    truth, said = scored(2000)
    shares = np.stack([1 - said, said], axis=1)
    curve = reliability_curve(truth.astype(int), shares, network="chosen")
    assert curve.error == pytest.approx(evaluate(Task.BINARY, truth.astype(int), shares)["calibration_error"])
    assert sum(curve.num_rows) == 2000
    gaps = np.abs(np.subtract(curve.said, curve.right))
    assert (gaps * curve.num_rows).sum() / 2000 == pytest.approx(curve.error, abs=1e-3)


def test_the_hardest_classes_are_found() -> None:
    """The class that is guessed at random is the one to see; classes without rows are not looked at."""
    rng = np.random.default_rng(0)
    target = rng.integers(0, 4, 400)
    said = np.full((400, 5), 0.1)
    said[np.arange(400), target] = 0.6
    said[:, 2] = rng.random(400)
    assert hardest_classes(target, said, 1) == [2]
    assert hardest_classes(target, said, 9) == [0, 1, 2, 3]
