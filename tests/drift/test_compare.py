"""What is said of a window: false alarms by simulation, what is found, and the advice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from wellfit.drift import Advice, Drift, Reference, Window, compare, count, empty_window, make_reference
from wellfit.drift._family import holm
from wellfit.records import Scored, Task


def drawn(rng: np.random.Generator, num_rows: int, shift: float = 0.0) -> dict[str, Any]:
    """Return rows of every kind: correlated, tied, missing, mostly zero, categories with rare levels."""
    common = rng.normal(size=num_rows)
    return {
        "a": common + 0.5 * rng.normal(size=num_rows) + shift,
        "b": common + 0.5 * rng.normal(size=num_rows),
        "tied": np.floor(2 * common),
        "zeros": np.where(rng.random(num_rows) < 0.9, 0.0, rng.exponential(size=num_rows)),
        "gaps": np.where(rng.random(num_rows) < 0.1, np.nan, rng.normal(size=num_rows)),
        "rare": rng.choice(["a", "b", "c", "d"], num_rows, p=[0.7, 0.2, 0.08, 0.02]).tolist(),
        "many": [f"t{i}" for i in rng.integers(0, 60, num_rows)],
        "ids": [f"i{i}" for i in rng.integers(0, 1000, num_rows)],
    }


def referred(columns: dict[str, Any]) -> Reference:
    """Return the reference of such rows."""
    kinds = {name: "category" if isinstance(values, list) else "number" for name, values in columns.items()}
    return make_reference(
        {name: (kinds[name], values) for name, values in columns.items()},  # type: ignore[misc]
        task=Task.REGRESSION,
    )


@pytest.mark.parametrize(("num_old", "num_new"), [(300, 60), (300, 2000)])
def test_few_false_alarms(num_old: int, num_new: int) -> None:
    """In at most 5 % of windows in which nothing changed, something is said to have drifted.

    Of 80 windows, 9 or more would be that by chance in about one of fifty draws at exactly 5 %.
    """
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(80):
        reference = referred(drawn(rng, num_old))
        found = compare(reference, count(reference, drawn(rng, num_new)))
        alarms += any(one.is_drift for one in found.columns)
    assert alarms <= 8


def test_a_shift_is_found_and_named() -> None:
    """The column that moved comes first, with its direction, and the others did not move."""
    rng = np.random.default_rng(0)
    reference = referred(drawn(rng, 1000))
    found = compare(reference, count(reference, drawn(rng, 500, shift=0.6)))
    assert [one.name for one in found.columns if one.is_drift] == ["a"]
    first = found.columns[0]
    assert (first.name, first.aspect, first.sign) == ("a", "shift", 1)
    assert 0.1 < first.moved < 0.25
    assert found.advice is Advice.WATCH
    assert any("a is higher than in training" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("change", "aspect"),
    [
        (lambda x: {**x, "b": 2 * x["b"]}, "spread"),
        (lambda x: {**x, "b": np.where(np.arange(len(x["b"])) < 8, 1e6, x["b"])}, "above"),
        (lambda x: {**x, "gaps": np.where(np.arange(len(x["b"])) % 3 == 0, np.nan, x["gaps"])}, "missing"),
        (lambda x: {**x, "rare": ["d" if i % 9 == 0 else v for i, v in enumerate(x["rare"])]}, "levels"),
        (lambda x: {**x, "rare": ["new" if i % 20 == 0 else v for i, v in enumerate(x["rare"])]}, "unseen"),
        (lambda x: {**x, "b": np.abs(x["b"]) * np.where(np.arange(len(x["b"])) % 2, 1, -1)}, "none"),
    ],
    ids=["spread", "outliers", "missing", "levels", "unseen", "nothing"],
)
def test_each_kind_of_change_is_told(change: Any, aspect: str) -> None:
    """What the sentence says is what was done; a change of signs of a symmetric column is none."""
    rng = np.random.default_rng(3)
    reference = referred(drawn(rng, 800))
    found = compare(reference, count(reference, change(drawn(rng, 400))))
    assert [one.aspect for one in found.columns if one.is_drift] == ([] if aspect == "none" else [aspect])


def test_a_tiny_shift_of_a_million_rows_changes_nothing() -> None:
    """It is certain, and named; a million rows cost no more than their counts."""
    reference = make_reference({"x": ("number", np.arange(1000.0))}, task=Task.REGRESSION)
    shares = np.full(len(reference.columns[0].counts), 1e6 / len(reference.columns[0].counts))
    shares *= 1 + 0.01 * np.sign(np.arange(len(shares)) - len(shares) / 2 + 0.5)
    counts = tuple(1000 * number for number in reference.columns[0].counts)
    large = replace(reference.columns[0], counts=counts, num_rows=10**6)
    reference = replace(reference, columns=(large,))
    window = replace(
        empty_window(reference),
        num_rows=10**6,
        columns=(np.array([0, *shares.round().astype(int), 0, 0], np.int64),),
    )
    found = compare(reference, window)
    assert found.columns[0].is_drift
    assert found.columns[0].size == "tiny"
    assert found.advice is Advice.FINE
    assert "x is higher" in found.reasons[0]


def test_dates_move_on_by_themselves() -> None:
    """They are shown, and nothing follows."""
    reference = make_reference({"day": ("date", np.arange(500.0))}, task=Task.REGRESSION)
    found = compare(reference, count(reference, {"day": np.arange(500.0, 900.0)}))
    assert found.advice is Advice.FINE
    assert found.columns[0].outside == 1.0
    assert "Dates move on" in " ".join(found.notes)


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"a": [1.0]},
        {"a": [], "rare": []},
        {"a": [np.nan] * 5, "rare": [None] * 5},
        {"a": [np.inf] * 3, "rare": ["never"] * 3},
    ],
    ids=["no column", "one row", "no rows", "all missing", "infinite"],
)
def test_few_odd_rows_break_nothing(columns: dict[str, Any]) -> None:
    """Whatever comes in, p-values and shares are numbers from 0 to 1."""
    reference = referred(drawn(np.random.default_rng(0), 200))
    found = compare(reference, count(reference, columns))
    assert all(0 <= one.p_value <= 1 and 0 <= one.moved <= 1 for one in found.columns)
    assert found.reasons


def test_holm() -> None:
    """Each step counts the columns that are left, and no later one is surer than an earlier one."""
    assert holm([0.02, 0.01, 0.03]).tolist() == pytest.approx([0.04, 0.03, 0.04])
    assert holm([]).tolist() == []


def classified(num_rows: int, seed: int, *, sure: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return calibrated probabilities of two classes, the surer the larger `sure` is, and labels."""
    rng = np.random.default_rng(seed)
    positive = 1 / (1 + np.exp(-sure * 2 * rng.normal(size=num_rows)))
    return np.stack([1 - positive, positive], axis=1), (rng.random(num_rows) < positive).astype(int)


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Return one with a column and 1,000 predictions."""
    probability, target = classified(1000, 0)
    losses = -np.log(probability[np.arange(1000), target])
    half = 1.96 * losses.std() / 1000**0.5
    return make_reference(
        {"x": ("number", np.random.default_rng(0).normal(size=1000))},
        task=Task.BINARY,
        class_names=("no", "yes"),
        metric="log_loss",
        score=Scored(value=losses.mean(), low=losses.mean() - half, high=losses.mean() + half),
        chance=0.693,
        prediction=probability,
        target=target,
    )


def judged(reference: Reference, num_rows: int, *, shift: float = 0.0, **how: Any) -> Drift:
    """Return what is said of new rows."""
    return compare(reference, window_of(reference, num_rows, shift=shift, **how))


def window_of(
    reference: Reference, num_rows: int, *, shift: float = 0.0, sure: float = 1.0, flip: bool | None = None
) -> Window:
    """Return new rows; with labels where `flip` is given, wrong ones where it is True."""
    probability, target = classified(num_rows, 5, sure=sure)
    values = np.random.default_rng(6).normal(shift, size=num_rows)
    labels = None if flip is None else 1 - target if flip else target
    return count(reference, {"x": values}, probability, target=labels)


def test_what_is_as_before_is_fine(reference: Reference) -> None:
    """With labels and without."""
    for flip in (None, False):
        assert judged(reference, 500, flip=flip).advice is Advice.FINE


def test_wrong_labels_mean_retrain(reference: Reference) -> None:
    """Nothing moved, and yet the score is gone: labels alone can tell."""
    found = judged(reference, 500, flip=True)
    assert found.advice is Advice.RETRAIN
    assert found.measured is not None
    assert found.measured.lost > 1
    assert found.predictions is not None
    assert not found.predictions.is_drift


def test_less_sure_predictions_mean_retrain(reference: Reference) -> None:
    """The expected score is worse for certain, by more than a tenth of the lead over a constant."""
    found = judged(reference, 800, sure=0.3)
    assert found.expected.difference.high < 0
    assert found.advice is Advice.RETRAIN


def test_a_far_shift_alone_is_watched(reference: Reference) -> None:
    """As long as what the network says stays as it was."""
    assert judged(reference, 500, shift=3.0).advice is Advice.WATCH


def test_a_far_shift_with_predictions_means_retrain(reference: Reference) -> None:
    """Unless labels say that the score is what it was."""
    assert judged(reference, 800, shift=3.0, sure=3.0).advice is Advice.RETRAIN
    assert judged(reference, 800, shift=3.0, sure=3.0, flip=False).advice is Advice.WATCH
