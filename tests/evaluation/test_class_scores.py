"""Precision, recall and F1 of classes: scikit-learn's values with honest intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_fscore_support

from wellfit.evaluation import class_scores, wilson
from wellfit.evaluation._class_scores import MOST_CLASSES


def three(num_rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return classes of three, and probabilities that are right more often than not."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 3, num_rows)
    return target, 0.6 * rng.dirichlet(np.ones(3), num_rows) + 0.4 * np.eye(3)[target]


def test_values_are_those_of_scikit_learn() -> None:
    """Each class, with its rows."""
    target, said = three(300)
    found = class_scores(target, said, ("a", "b", "c"))
    expected: Any = precision_recall_fscore_support(target, said.argmax(axis=1))
    for name, values in zip(("precision", "recall", "f1"), expected[:3], strict=True):
        assert [getattr(one, name).value for one in found] == pytest.approx(list(values))
    assert [one.support for one in found] == list(expected[3])
    assert all(one.f1.low < one.f1.value < one.f1.high for one in found)


def test_shares_have_the_interval_of_wilson() -> None:
    """As SciPy has it; a class that is right three times of three is not certain."""
    for hits, rows in ((3, 3), (0, 7), (40, 90)):
        ends = binomtest(hits, rows).proportion_ci(method="wilson")
        assert wilson(hits, rows) == pytest.approx((ends.low, ends.high), abs=1e-6)


def test_rows_of_one_group_count_less() -> None:
    """Ten copies of each row tell no more than one: the interval is about as wide as without them."""
    target, said = three(60)
    alone = class_scores(target, said, ("a", "b", "c"))
    copied = class_scores(
        np.repeat(target, 10),
        np.repeat(said, 10, axis=0),
        ("a", "b", "c"),
        groups=np.repeat(np.arange(60), 10),
    )
    for one, other in zip(alone, copied, strict=True):
        assert other.recall.value == one.recall.value
        assert other.recall.high - other.recall.low > 0.6 * (one.recall.high - one.recall.low)


def test_odd_classes_are_not_defined_or_left_out() -> None:
    """A class that is neither there nor predicted has no scores, and of 70 classes 60 are told."""
    said = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]])
    missing = class_scores(np.array([0, 0]), said, ("a", "b", "c"))[2]
    assert (missing.support, missing.num_predicted) == (0, 0)
    assert np.isnan([missing.precision.value, missing.recall.value, missing.f1.value]).all()
    never_hit = class_scores(np.array([0, 0]), said, ("a", "b", "c"))[1]
    assert never_hit.f1.value == 0
    assert np.isnan(never_hit.f1.low)
    many = class_scores(np.arange(70), np.eye(70), tuple(map(str, range(70))))
    assert len(many) == MOST_CLASSES
    assert many[0].recall.value == 1
