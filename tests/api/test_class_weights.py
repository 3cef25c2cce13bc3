"""What the counts of classes give: weights and output biases."""

from __future__ import annotations

import numpy as np
import pytest

from wellfit.api._class_weights import balanced_weights, share_biases
from wellfit.records import Dataset, Split, Task


def counted(*counts: int) -> tuple[Dataset, list[Split]]:
    """Return rows with so many of each class, and two splits: all rows, and those of the first half."""
    target = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    rows = np.arange(len(target), dtype=np.int32)
    task = Task.BINARY if len(counts) == 2 else Task.MULTICLASS
    names = tuple("abcde"[: len(counts)])
    data = Dataset(inputs=(np.zeros((len(rows), 2)),), target=target, task=task, class_names=names)
    return data, [Split(train=part, validation=rows[:1]) for part in (rows, rows[: len(rows) // 2])]


def test_one_output_gets_the_log_odds() -> None:
    """Sigmoid of the bias is the share of the second class among the split's training rows."""
    data, splits = counted(60, 20)
    found = share_biases(data, splits[:1], 1)
    assert found.shape == (1, 1)
    assert 1 / (1 + np.exp(-found[0, 0])) == pytest.approx(0.25)


@pytest.mark.parametrize("counts", [(60, 20), (50, 30, 20)])
def test_several_outputs_get_log_shares(counts: tuple[int, ...]) -> None:
    """Softmax of the biases gives the shares."""
    data, splits = counted(*counts)
    found = np.exp(share_biases(data, splits[:1], len(counts))[0])
    np.testing.assert_allclose(found / found.sum(), np.array(counts) / sum(counts), rtol=1e-5)


def test_class_weights_that_were_given_count_in_the_shares() -> None:
    """Three times the weight on a third of the rows makes the classes alike; no weight is no infinity."""
    data, splits = counted(60, 20)
    found = share_biases(data, splits[:1], 1, np.array([0.01, 0.03], np.float32))
    np.testing.assert_allclose(found, 0.0, atol=1e-6)
    assert np.isfinite(share_biases(data, splits[:1], 2, np.array([0.0, 1.0], np.float32))).all()


def test_each_split_has_its_own_and_none_is_infinite() -> None:
    """The first half of the rows holds none of the last class: it counts half a row."""
    data, splits = counted(60, 30, 10)
    found = share_biases(data, splits, 3)
    assert np.isfinite(found).all()
    assert found[1, 2] == pytest.approx(np.log(0.5 / 50))
    assert share_biases(data, splits, 3)[0, 2] == pytest.approx(np.log(0.1))


def test_balanced_weights_make_classes_count_alike() -> None:
    """Rows times weight is the same for every class, and the mean weight of a row is one."""
    data, splits = counted(60, 20)
    weights = balanced_weights(data, splits[:1])
    assert weights is not None
    np.testing.assert_allclose(weights[0] * [60, 20], [40, 40])
