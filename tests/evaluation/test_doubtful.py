"""Labels that other rows contradict are found, and right ones are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from wellfit.evaluation import doubtful_rows, unlikely_labels
from wellfit.records import Task


def blobs(num_rows: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return two classes far apart."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(num_rows) % 2).astype(np.int32)
    return rng.normal(size=(num_rows, 3)) + 4 * labels[:, None], labels


def test_flipped_labels_are_found() -> None:
    """Nearly all flipped labels, hardly any other."""
    x, labels = blobs()
    wrong = np.random.default_rng(1).choice(400, 30, replace=False)
    labels[wrong] = 1 - labels[wrong]
    found = doubtful_rows(x, labels, Task.BINARY, 2)
    assert found[wrong].mean() > 0.8
    assert np.delete(found, wrong).mean() < 0.02


def test_clean_labels_are_left_alone() -> None:
    """Nothing is doubted where classes are apart, nor among few rows."""
    x, labels = blobs()
    assert doubtful_rows(x, labels, Task.BINARY, 2).mean() < 0.01
    assert not doubtful_rows(x[:20], labels[:20], Task.BINARY, 2).any()


@pytest.mark.parametrize("width", [1, 2])
def test_wild_values_are_found(width: int) -> None:
    """A value far from what its inputs say is doubted."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    target = np.repeat((x[:, :1] * 3 + 0.1 * rng.normal(size=(300, 1))), width, axis=1)
    target[[5, 50], 0] += 30
    found = np.flatnonzero(doubtful_rows(x, target, Task.REGRESSION))
    assert {5, 50} <= set(found)
    assert len(found) < 15


def test_no_class_loses_most_of_its_rows() -> None:
    """Where models doubt a whole class, three tenths of it may go."""
    x, labels = blobs()
    labels[:] = 0
    labels[:40] = 1
    found = doubtful_rows(x, labels, Task.BINARY, 2)
    assert found[labels == 1].sum() <= 12


def test_twins_do_not_speak_for_a_row() -> None:
    """A wrong label that an equal row repeats is found where both are one group."""
    x, labels = blobs()
    x, labels = np.repeat(x, 2, axis=0), np.repeat(labels, 2)
    labels[20:22] = 1 - labels[20:22]
    found = doubtful_rows(x, labels, Task.BINARY, 2, groups=np.arange(800) // 2)
    assert found[20:22].all()


def test_confident_learning_by_hand() -> None:
    """Another class has to reach its own threshold."""
    probability = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.8, 0.2]])
    labels = np.array([0, 0, 1, 1])
    assert unlikely_labels(probability, labels).tolist() == [False, False, False, True]
