"""A linear head on the frozen features of a pretrained network, as a reference of a study."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from picture_samples import digits, small_network
from study_samples import use_small_plan

import wellfit as wf
from wellfit.api._build import array_subject
from wellfit.api._final import as_predictions
from wellfit.api._frozen_features import _SHARE, FrozenFeatures, _seconds_a_row, frozen_features
from wellfit.api._laboratory import Laboratory
from wellfit.api._linear_head import (
    LINEAR_HEAD,
    against_linear_head,
    predict_linear_head,
    score_linear_head,
)
from wellfit.api._subject import Subject
from wellfit.api._trials import make_trials
from wellfit.models import Model, before_head, with_new_head
from wellfit.records import Task

CLASSES = (0, 1, 2)


@pytest.fixture(scope="module")
def pretrained() -> Model:
    """Return a network that learned other digits, with a new head for three classes."""
    model = small_network(4, normalized=True)
    model.fit(*digits((4, 6, 7, 9), 40), epochs=10, batch_size=32, verbose=0)
    keras.utils.set_random_seed(1)
    return with_new_head(model, Task.MULTICLASS, len(CLASSES))


def subject(model: Model, **options: Any) -> Subject:
    """Return the subject of a study of 90 digits."""
    fixed: dict[str, Any] = {"holdout": 0.3, "seed": 0, "metric": None, "task": "auto", "unsafe": False}
    fixed |= {"epochs": 2, "batch_size": 16, "start": "auto"} | options
    return array_subject(*digits(CLASSES, 30), model=model, **fixed)


def laboratory(given: Subject) -> Laboratory:
    """Return where its experiments run."""
    return Laboratory(given, make_trials(given, 2, 0, stage=1))


def found(given: Subject, budget_s: float = 1e6) -> tuple[FrozenFeatures | None, str]:
    """Return the features of a study with so many seconds."""
    return frozen_features(laboratory(given), budget_s, num_fits=3, seed=0)


def frozen(model: Model) -> Model:
    """Return the network with nothing but its head to be trained."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for layer in copy.layers[:-1]:
        layer.trainable = False
    copy.compile("adam", "sparse_categorical_crossentropy")
    return copy


def test_features_are_what_the_head_reads(pretrained: Model) -> None:
    """Whether they are computed here, or came out of the frozen beginning of the network already."""
    given = subject(pretrained)
    assert given.start == "given"
    features, note = found(given)
    assert features is not None
    assert not note
    assert len(features.rows) == 90
    before = keras.Model(pretrained.inputs, pretrained.layers[-1].input)
    wanted = before.predict(given.dataset.inputs[0], verbose=0)
    np.testing.assert_allclose(features.values, wanted[features.rows], rtol=1e-4, atol=1e-5)
    again, _ = found(subject(frozen(pretrained)))
    assert again is not None
    np.testing.assert_allclose(again.values, features.values, rtol=1e-4, atol=1e-5)


def test_a_head_on_them_is_scored_on_the_rows_of_the_trials(pretrained: Model) -> None:
    """It reads digits well, with none of the scored rows among those that it learned from."""
    given = subject(pretrained)
    features, _ = found(given)
    assert features is not None
    trials = laboratory(given).trials
    scores = score_linear_head(given, features, trials)
    assert scores.shape == (2,)
    assert (scores < 0.5).all()
    # Labels that training rows do not show change nothing that is said of other rows.
    rows = trials[0].scored
    said = predict_linear_head(given, features, trials[0].split.train, rows)
    target = given.dataset.target.copy()
    target[rows] = (target[rows] + 1) % 3
    other = replace(given, dataset=replace(given.dataset, target=target))
    np.testing.assert_array_equal(predict_linear_head(other, features, trials[0].split.train, rows), said)


def test_little_time_takes_fewer_pictures_or_none(pretrained: Model) -> None:
    """The holdout is always whole; who gets fewer rows, or nothing, is told."""
    given = subject(pretrained)
    part = laboratory(given).part(given.baseline)
    each_s = _seconds_a_row(given, part, before_head(part.model, part.kept or ()), 3)
    features, note = found(given, 80.5 * each_s / _SHARE)
    assert features is not None
    assert len(features.rows) == 80
    assert set(given.holdout) <= set(features.rows)
    assert "53 of 63 rows" in note
    nothing, note = found(given, 70.5 * each_s / _SHARE)
    assert nothing is None
    assert "too much of the budget" in note


def test_not_applicable(pretrained: Model) -> None:
    """Weights that are drawn anew, a network that has learned nothing, and rows that are no pictures."""
    assert found(subject(pretrained, start="fresh")) == (None, "")
    assert found(subject(small_network(3), start="given")) == (None, "")
    given = subject(pretrained)
    rows = given.dataset.inputs[0].reshape(90, 64)
    flat = keras.Sequential([keras.Input((64,)), keras.layers.Reshape((8, 8, 1)), pretrained])
    flat.compile("adam", "sparse_categorical_crossentropy")
    table = array_subject(
        rows,
        given.dataset.target,
        model=flat,
        start="given",
        holdout=0.3,
        seed=0,
        metric=None,
        task="auto",
        epochs=2,
        batch_size=16,
        unsafe=False,
    )
    assert found(table) == (None, "")


def test_only_a_network_that_is_surely_better_passes_in_silence(pretrained: Model) -> None:
    """Worse, or not told apart, is said with both scores."""
    given = subject(pretrained)
    target = given.dataset.target[given.holdout]
    sure = as_predictions(np.eye(3)[target] * 0.98 + 0.01, Task.MULTICLASS, from_logits=False)
    vague = np.full((len(target), 3), 1 / 3)
    assert against_linear_head(given, vague, sure, 0) == ""
    worse = against_linear_head(given, sure, vague, 0)
    assert "is worse than a linear head on frozen features" in worse
    assert "1.099" in worse
    assert "does not beat" in against_linear_head(given, vague, vague.copy(), 0)


def test_a_study_reports_it(pretrained: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among the references, on the holdout, and in a sentence: two epochs at a tiny rate beat nothing."""
    use_small_plan(monkeypatch)
    model = frozen(pretrained)
    model.optimizer.learning_rate = 1e-6
    study = wf.improve(
        model, *digits(CLASSES, 30), budget="8 members", epochs=2, batch_size=16, seed=0, holdout=0.3
    )
    report = study.report
    assert {"majority", "linear", LINEAR_HEAD} <= set(report.references)
    assert report.holdout is not None
    assert report.holdout.references[LINEAR_HEAD]["accuracy"] > 0.8
    assert any(LINEAR_HEAD in note for note in report.notes)
