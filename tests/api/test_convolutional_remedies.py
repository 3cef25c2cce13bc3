"""What changes a convolutional network is offered for pictures, trains, and is handed back as trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from picture_samples import digits, small_network, write_digits

from wellfit.api._final import _built, predictions, prepared_inputs
from wellfit.api._laboratory import Laboratory
from wellfit.api._pictures import pictures_subject
from wellfit.api._subject import Subject, situation
from wellfit.api._trials import last_trials, make_trials
from wellfit.records import Settings
from wellfit.search import remedies

layers = keras.layers
CHANGES: dict[str, dict[str, Any]] = {
    "narrow": {"width": 0.5},
    "wide": {"width": 2.0},
    "pooled": {"pooling": "average", "width": 0.5},
    "dropped": {"map_dropout": 0.2},
}
BRANCHED: dict[str, dict[str, Any]] = {
    "small": {"convolutions": "small"},
    "separable": {"convolutions": "separable", "map_dropout": 0.1},
    "past": {"stochastic_depth": 0.5},
    "past-and-small": {"stochastic_depth": 0.5, "convolutions": "small", "dropout": 0.2},
    "shallow": {"stochastic_depth": 0.5, "depth": -1},
}


def branched() -> keras.Model:
    """Return a compiled network of two residual blocks behind a convolution of 5 x 5 places."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 1))
    x = layers.Rescaling(1 / 255, name="scaled")(inputs)
    x = layers.Conv2D(8, 5, activation="relu", name="stem")(x)
    for name in ("one", "two"):
        y = layers.Conv2D(8, 3, padding="same", activation="relu", name=f"{name}_in")(x)
        y = layers.Conv2D(8, 3, padding="same", name=f"{name}_out")(y)
        x = layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_sum")([x, y]))
    x = layers.Flatten(name="flat")(x)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax", name="head")(x))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model


@pytest.fixture(params=["plain"])
def subject(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Subject:
    """Return the subject of a study of two digits."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = write_digits(tmp_path / "digits", *digits((8, 3), 30), ("eight", "three"))
    return pictures_subject(
        str(folder),
        model=small_network(normalized=True) if request.param == "plain" else branched(),
        target=None,
        holdout=0.2,
        seed=0,
        metric=None,
        task="auto",
        epochs=3,
        batch_size=16,
        unsafe=False,
    )


def test_they_are_offered(subject: Subject) -> None:
    """By name, for a network that has convolutions and flattens their maps."""
    names = {one.name for one in remedies(subject.baseline, situation(subject, 48))}
    assert {"units-x0.5", "units-x2", "layers-minus-1", "layers-plus-1"} <= names
    assert {"global-average-pooling", "map-dropout-0.1"} <= names


@pytest.mark.parametrize("subject", ["branched"], indirect=True)
def test_what_is_offered_for_large_kernels_and_branches(subject: Subject) -> None:
    """By name; and no longer where the baseline has none that learn."""
    names = {one.name for one in remedies(subject.baseline, situation(subject, 48))}
    promised = {"small-kernels", "separable-convolutions", "stochastic-depth-0.2", "stochastic-depth-0.5"}
    assert promised <= names
    given = replace(subject, start="given")
    assert promised & {one.name for one in remedies(given.baseline, situation(given, 48))} == {
        "stochastic-depth-0.2",
        "stochastic-depth-0.5",
    }
    held = replace(given, baseline=replace(given.baseline, frozen_stages=1))
    assert not situation(held, 48).can_drop_branches


@pytest.mark.parametrize(
    ("subject", "changes"), [("plain", CHANGES), ("branched", BRANCHED)], indirect=["subject"]
)
def test_they_train_and_are_handed_back(subject: Subject, changes: dict[str, dict[str, Any]]) -> None:
    """The plain network of each puts out what its member did."""
    looks = make_trials(subject, 1, 0, stage=1)
    laboratory = Laboratory(subject, [*looks, *last_trials(subject, 0)])
    try:
        settings: list[Settings] = [replace(subject.baseline, **change) for change in changes.values()]
        measured = laboratory.measure([subject.baseline, *settings], [0])
        assert np.isfinite(measured.scores).all()
        for one in settings:
            weights, good = laboratory.fit(one, 1, alone=False)
            assert good
            model = _built(laboratory, 1, one, weights)
            raw = [values[subject.holdout] for values in subject.dataset.inputs]
            said = predictions(subject, model, prepared_inputs(raw, (), laboratory.scalings(one, 1)))
            build = laboratory.build(one)
            members = laboratory.members(build, [one], [1])
            found = laboratory.executor(build).predict(
                [value[None] for value in weights], members, subject.holdout
            )
            assert np.allclose(said, found[0], atol=1e-4), one
            ends = [layer for layer in model.layers if layer.name.endswith("_branch_dropout")]
            num_ends = 2 + min(one.depth, 0) if one.stochastic_depth else 0
            assert [layer.rate for layer in ends] == [0.25, 0.5][2 - num_ends :], one
    finally:
        laboratory.close()
