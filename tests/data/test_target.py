"""The target: task, classes, and targets that cannot be learned."""

from __future__ import annotations

import numpy as np
import pytest

from wellfit.data import encode, fit_encoder, infer_target, read_table
from wellfit.records import SettingsError, TargetError, TargetNotFoundError, Task


def _target(cells, task="auto"):
    return infer_target(read_table({"y": cells}), "y", task)


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (["no", "yes"] * 10, Task.BINARY),
        ([True, False] * 10, Task.BINARY),
        ([0, 1] * 10, Task.BINARY),
        ([0.5, 1.5] * 10, Task.BINARY),
        (["a", "b", "c"] * 10, Task.MULTICLASS),
        ([3, 4, 5, 6, 7, 8] * 10, Task.MULTICLASS),
        (["3", "4", "5"] * 10, Task.MULTICLASS),
        ([1.0, 2.0, 3.0] * 10, Task.MULTICLASS),
        (list(range(1, 29)) * 20, Task.REGRESSION),
        (list(range(20)) * 2, Task.REGRESSION),
        ([i / 7 for i in range(40)], Task.REGRESSION),
        (["1,5", "2,25", "3.5"] * 10, Task.MULTICLASS),
    ],
)
def test_task_is_found(cells, task):
    """Words, booleans and few whole numbers are classes; many numbers or fractions are regression."""
    assert _target(cells).task is task


def test_classes_are_sorted():
    """Labels that are numbers sort as numbers, others as text."""
    assert _target(["10", "9", "1"] * 10).class_names == ("1", "9", "10")
    assert _target(["b", "a", "10"] * 10).class_names == ("10", "a", "b")


def test_codes_follow_the_classes():
    """Codes are 0 to k-1 in the order of the class names."""
    table = read_table({"x": list(np.linspace(0, 1, 30)), "y": ["c", "a", "b"] * 10})
    dataset = encode(fit_encoder(table, "y"), table)
    assert dataset.class_names == ("a", "b", "c")
    assert dataset.target[:3].tolist() == [2, 0, 1]
    assert dataset.target.dtype == np.int32


def test_missing_targets_are_counted():
    """Rows without a target are named in the log and left out of the data set."""
    table = read_table({"x": list(np.linspace(0, 1, 30)), "y": ["a", "b", None] * 10})
    target = infer_target(table, "y")
    assert [step.num_cells for step in target.steps] == [10]
    assert encode(fit_encoder(table, target), table).num_rows == 20


def test_rare_classes_are_named():
    """A class with few rows is kept and named."""
    target = _target(["a"] * 20 + ["b"] * 20 + ["c"])
    assert target.class_names == ("a", "b", "c")
    assert "'c'" in target.steps[0].action


@pytest.mark.parametrize(
    ("cells", "task", "message"),
    [
        ([None] * 20, "auto", "missing in every row"),
        (["", "?", "NA"] * 10, "auto", "missing in every row"),
        (["a"] * 20, "auto", "constant"),
        ([3] * 20, "auto", "constant"),
        ([1.5] * 20, "regression", "constant"),
        ([f"name {i}" for i in range(20)], "auto", "one row for each class"),
        ([f"name {i}" for i in range(20)] * 2, "auto", "too many classes"),
        ([i / 3 for i in range(40)] * 2, "classification", "too many classes"),
        ([0.5, 1.5, float("inf"), 2.5] * 5, "regression", "infinite"),
        ([0.5, 1.5, float("inf"), 2.5] * 5, "auto", "infinite"),
        (["a", "b"] * 10, "regression", "not numbers"),
        ([[1, 2]] * 20, "auto", "neither numbers nor labels"),
    ],
)
def test_hopeless_targets(cells, task, message):
    """Each way in which a target cannot be learned has its own message."""
    with pytest.raises(TargetError, match=message):
        _target(cells, task)


def test_nan_targets_are_missing():
    """NaN in a numeric target is a missing target, not an error."""
    target = _target([0.5, float("nan"), 1.5, 2.5] * 10)
    assert target.task is Task.REGRESSION
    assert target.steps[0].num_cells == 10


def test_unknown_target_and_task():
    """A near name is offered; an unknown task is refused, and so is "binary" for three classes."""
    with pytest.raises(TargetNotFoundError, match="did you mean 'Churn'"):
        infer_target(read_table({"Churn": ["a", "b"] * 10}), "churn")
    with pytest.raises(SettingsError):
        _target(["a", "b"] * 10, "clasification")
    with pytest.raises(SettingsError):
        _target(["a", "b", "c"] * 10, "binary")


def test_unknown_class_in_other_rows():
    """A class that the training rows do not have is named with its row."""
    table = read_table({"x": list(np.linspace(0, 1, 20)), "y": ["a", "b"] * 10})
    encoder = fit_encoder(table, "y")
    with pytest.raises(TargetError, match="'z' in row 2"):
        encode(encoder, read_table({"x": [0.1, 0.2], "y": ["a", "z"]}))
