"""A temperature is fitted on the rows to stop by, scores the members, and ends up in the final network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.api._build import array_subject
from wellfit.api._confirm import Confirmed
from wellfit.api._final import finish, predictions
from wellfit.api._laboratory import Laboratory
from wellfit.api._trials import last_trials, make_trials
from wellfit.evaluation import score
from wellfit.records import Settings, Task


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    """Return a network that is far too sure: noise that it learns by heart."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(240, 4)).astype(np.float32)
    y = (x[:, 0] + 1.5 * rng.normal(size=240) > 0).astype(int)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.03), "binary_crossentropy")
    subject = array_subject(
        x,
        y,
        model=model,
        holdout=0.2,
        seed=0,
        metric=None,
        task="auto",
        epochs=60,
        batch_size=32,
        unsafe=False,
    )
    found = Laboratory(subject, [*make_trials(subject, 3, 0, stage=1), *last_trials(subject, 0)])
    yield found
    found.close()


def _settings(laboratory: Laboratory, **changes: Any) -> Settings:
    return Settings(**{**laboratory.subject.baseline.__dict__, **changes})


def test_scores_are_those_of_calibrated_probabilities(laboratory: Laboratory) -> None:
    """The same training with a temperature has a lower log loss, and the factor is handed on."""
    plain, tempered = _settings(laboratory), _settings(laboratory, temperature=True)
    found = laboratory.measure([plain, tempered], [0, 1, 2])
    assert np.isnan(found.temperatures[0]).all()
    assert (found.temperatures[1] > 1.0).all()
    assert (found.scores[1] < found.scores[0]).all()


def test_final_network_has_the_temperature_in_its_weights(laboratory: Laboratory) -> None:
    """The network that is handed back is less sure than the same one without, and decides alike."""

    class _Plan:
        final, watched, is_long = 3, 4, False

    tempered = _settings(laboratory, temperature=True)
    finals = []
    for temperature in (1.0, 3.0):
        confirmed = Confirmed(
            finalists=(),
            confirmation=None,
            trials=(),
            baseline_scores=np.zeros(0),
            best_epochs={},
            curves={},
            temperatures={tempered: temperature},
        )
        final = finish(laboratory, _Plan(), tempered, confirmed, 0)  # type: ignore[arg-type]
        assert final is not None
        finals.append(final)
    subject = laboratory.subject
    rows = [subject.dataset.inputs[0][subject.holdout]]
    sure, cooled = (predictions(subject, final.model, rows) for final in finals)
    target = subject.dataset.target[subject.holdout]
    assert score("log_loss", Task.BINARY, target, cooled) < score("log_loss", Task.BINARY, target, sure)
    assert (sure.argmax(axis=1) == cooled.argmax(axis=1)).all()
