"""Doubted labels that a network has learned by heart, early and at its end."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.api._diagnose import diagnose
from wellfit.api._memorized import best_epoch, memorized
from wellfit.diagnosis import BASELINE, label_noise

NUM_ROWS, TRIAL = 40, 3
SUSPECTS = np.arange(8)


def trained(predicted: Mapping[str, np.ndarray]) -> tuple[Any, Any]:
    """Return experiments and a snapshot in which members predict those classes, of labels that are all 1."""
    names = list(predicted)
    snapshot = SimpleNamespace(of=lambda name, trial: names.index(name) if name in names else -1)
    split = SimpleNamespace(train=np.arange(NUM_ROWS))
    experiments = SimpleNamespace(
        plan=SimpleNamespace(given=(TRIAL,), splits=[split] * (TRIAL + 1)),
        patient=SimpleNamespace(dataset=SimpleNamespace(target=np.ones(NUM_ROWS, np.intp))),
        predict=lambda _, index, rows: np.eye(2)[predicted[names[index]][rows]],
    )
    return experiments, snapshot


def test_shares_are_those_of_the_given_labels() -> None:
    """Early none of the suspects, at the end three quarters of them, and all other rows both times."""
    early, late = np.ones(NUM_ROWS, np.intp), np.ones(NUM_ROWS, np.intp)
    early[SUSPECTS], late[SUSPECTS[:2]] = 0, 0
    found = memorized(*trained({BASELINE: late, label_noise.EARLY: early}), SUSPECTS, 4)
    assert tuple(found) == (
        "suspects_memorized",
        "others_memorized",
        "suspects_memorized_early",
        "others_memorized_early",
        "early_epoch",
    )
    assert tuple(found.values()) == (0.75, 1.0, 0.0, 1.0, 4)
    assert set(found) == set(label_noise.MEMORY)


def test_what_was_not_trained_is_left_out() -> None:
    """Without earlier weights there is the end alone; without suspects or other rows, nothing."""
    ones = np.ones(NUM_ROWS, np.intp)
    assert set(memorized(*trained({BASELINE: ones}), SUSPECTS, 4)) == set(label_noise.MEMORY[:2])
    assert memorized(*trained({}), SUSPECTS, 4) == {}
    assert memorized(*trained({BASELINE: ones}), SUSPECTS[:0], 4) == {}
    assert memorized(*trained({BASELINE: ones}), np.arange(NUM_ROWS), 4) == {}


def test_a_run_that_diverged_says_nothing() -> None:
    """Predictions that are not finite are no predictions."""
    experiments, snapshot = trained({BASELINE: np.ones(NUM_ROWS, np.intp)})
    experiments.predict = lambda _, index, rows: np.full((len(rows), 2), np.nan)
    assert memorized(experiments, snapshot, SUSPECTS, 4) == {}


def curves(*losses: list[float]) -> Any:
    """Return evidence of the network as it stands on trials 0, 1, ...; the first two are as given."""
    base = SimpleNamespace(trials=tuple(range(len(losses))), validation_loss=np.array(losses))
    return SimpleNamespace(runs={BASELINE: base}, given=(0, 1), num_epochs=4)


def test_the_best_epoch_is_that_of_the_rows_as_given() -> None:
    """Other trials and epochs beyond the end do not count, nor do losses that are not finite."""
    good, other = [0.5, 0.3, 0.4, 0.6, 0.1], [0.9, 0.8, 0.7, 0.1, 0.0]
    assert best_epoch(curves(good, good, other)) == 2
    assert best_epoch(curves([np.nan, 0.3, np.nan, 0.2, 0.1], good)) == 2
    assert best_epoch(curves(other, other)) == 4


def test_wrong_labels_are_learned_late() -> None:
    """A fifth of the training labels is wrong: hardly any is learned by the best epoch, many at the end."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 4)).astype(np.float32)
    y = (x[:, 0] > x[:, 1]).astype(np.int32)
    wrong = rng.choice(300, 60, replace=False)
    y[wrong] = 1 - y[wrong]
    keras.utils.set_random_seed(0)
    hidden = [keras.layers.Dense(32, activation="relu") for _ in range(2)]
    model = keras.Sequential([keras.Input((4,)), *hidden, keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy")
    found = diagnose(model, x[:300], y[:300], validation_data=(x[300:], y[300:]), epochs=30, seed=1)
    first = found.findings[0]
    assert first.code == "label-noise"
    end, early = (first.evidence[name] for name in ("suspects_memorized", "suspects_memorized_early"))
    assert isinstance(end, float)
    assert isinstance(early, float)
    assert end > early + 0.15
    assert first.evidence["others_memorized"] == pytest.approx(1.0, abs=0.15)
    assert label_noise.EARLY not in found.effects
