"""What changes a convolutional network is offered for pictures, trains, and is handed back as trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

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

CHANGES: dict[str, dict[str, Any]] = {
    "narrow": {"width": 0.5},
    "wide": {"width": 2.0},
    "pooled": {"pooling": "average", "width": 0.5},
    "dropped": {"map_dropout": 0.2},
}


@pytest.fixture
def subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Subject:
    """Return the subject of a study of two digits."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = write_digits(tmp_path / "digits", *digits((8, 3), 30), ("eight", "three"))
    return pictures_subject(
        str(folder),
        model=small_network(normalized=True),
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


def test_they_train_and_are_handed_back(subject: Subject) -> None:
    """The plain network of each puts out what its member did."""
    looks = make_trials(subject, 1, 0, stage=1)
    laboratory = Laboratory(subject, [*looks, *last_trials(subject, 0)])
    try:
        settings: list[Settings] = [replace(subject.baseline, **changes) for changes in CHANGES.values()]
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
    finally:
        laboratory.close()
