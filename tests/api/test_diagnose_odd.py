"""Diagnoses of odd data, networks and endings: a clear error or a sensible verdict, nothing in between."""

from __future__ import annotations

import threading
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.api._diagnose import diagnose
from wellfit.api._events import Event
from wellfit.records import Diagnosis, Verdict

NUM_ROWS, NUM_FEATURES = 80, 4


def rows(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return normal inputs and two classes that follow from the first."""
    x = np.random.default_rng(seed).normal(size=(NUM_ROWS, NUM_FEATURES)).astype(np.float32)
    return x, (x[:, 0] > 0).astype(np.int32)


def network() -> keras.Model:
    """Return the network that all tests share."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((NUM_FEATURES,)),
            keras.layers.Dense(6, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy")
    return model


def run(x: np.ndarray, y: np.ndarray, **rest: Any) -> Diagnosis:
    """Diagnose the network with three epochs."""
    return diagnose(network(), x, y, epochs=3, seed=1, **rest)


@pytest.mark.parametrize(("stage", "done"), [("baseline", 0), ("screen", 1), ("screen", 10), ("confirm", 1)])
def test_a_stop_on_the_way_never_judges_what_was_cut(stage: str, done: int) -> None:
    """A run that was stopped is no run that diverged: there is a verdict only from what reached its end."""
    stop = threading.Event()

    def listen(event: Event) -> None:
        if event.stage == stage and event.done >= done:
            stop.set()

    found = run(*rows(), stop=stop, listener=listen)
    assert found.environment["partial"]
    assert found.verdict is not Verdict.NOT_LEARNING
    assert not any(one.code == "learning-rate-too-high" for one in found.findings)
    if found.examined:
        assert found.numbers["validation_loss"] < 1.0
    else:
        assert found.verdict is Verdict.INCONCLUSIVE
        assert found.unknown
