"""Studies of networks that learned before: where runs start, and frozen parts that run once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

import wellfit as wf
from wellfit.api import _affordable, _run_cost
from wellfit.api._affordable import with_affordable
from wellfit.api._build import array_subject
from wellfit.api._laboratory import Laboratory
from wellfit.api._plan import COMPILE_S
from wellfit.api._run_cost import affordable
from wellfit.api._subject import Subject
from wellfit.api._trials import make_trials
from wellfit.api._views import NUM_VIEWS, front_outputs
from wellfit.models import weight_values
from wellfit.records import Settings
from wellfit.search import make_candidate

layers = keras.layers


def pictures(num_rows: int = 96) -> tuple[Any, Any]:
    """Return noisy pictures of two classes: a bright left or a bright right half."""
    rng = np.random.default_rng(0)
    labels = np.arange(num_rows) % 2
    rows = rng.normal(size=(num_rows, 8, 8, 1)).astype(np.float32)
    rows[labels == 0, :, :4] += 0.7
    rows[labels == 1, :, 4:] += 0.7
    return rows, labels


def network() -> keras.Model:
    """Return a small network of three stages whose body counts as learned."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="conv1"),
            layers.MaxPooling2D(name="pool1"),
            layers.Conv2D(8, 3, padding="same", use_bias=False, name="conv2"),
            layers.BatchNormalization(name="norm2"),
            layers.ReLU(name="relu2"),
            layers.Flatten(name="flat"),
            layers.Dense(2, activation="softmax", name="head"),
        ]
    )
    model.get_layer("norm2").moving_mean.assign(np.linspace(-0.1, 0.1, 8))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model


def subject(start: str = "auto") -> Subject:
    """Return the subject of a study on them."""
    options: dict[str, Any] = {"holdout": 0.25, "seed": 0, "metric": None, "task": "auto"}
    options |= {"epochs": 4, "batch_size": 16, "unsafe": False}
    return array_subject(*pictures(), model=network(), start=start, **options)


def trained(given: Subject, settings: Settings) -> tuple[Laboratory, Any]:
    """Return a laboratory, and the scores of settings on two trials."""
    laboratory = Laboratory(given, make_trials(given, 2, 0, stage=1))
    return laboratory, laboratory.measure([settings], [0, 1])


def test_runs_start_from_what_was_learned_and_draw_the_head() -> None:
    """With a rate of nearly zero the body ends where it began; heads of two seeds differ."""
    given = subject()
    assert given.start == "given"
    still = replace(given.baseline, learning_rate=1e-12, epochs=1)
    laboratory, _ = trained(given, still)
    (first, _), (second, _) = laboratory.fit(still, 0), laboratory.fit(still, 1)
    own = weight_values(given.model)
    names = [variable.path for variable in given.model.weights]
    for name, one, other, mine in zip(names, first, second, own, strict=True):
        if name.endswith("head/kernel"):
            assert not np.allclose(one, other)
        elif "moving" not in name:
            np.testing.assert_allclose(one, mine, atol=1e-6, err_msg=name)
            np.testing.assert_allclose(other, mine, atol=1e-6, err_msg=name)


def test_frozen_parts_that_run_once_give_what_running_them_always_gives() -> None:
    """The same scores and weights as through the whole network, and frozen weights as they were."""
    given = subject()
    settings = replace(given.baseline, frozen_stages=1)
    once, scores = trained(given, settings)
    build = once.build(settings)
    assert not build.through
    assert once.executor(build).network.order != once.executor(once.build(given.baseline)).network.order
    always = Laboratory(given, make_trials(given, 2, 0, stage=1))
    always._frozen._can_keep = False
    np.testing.assert_allclose(always.measure([settings], [0, 1]).scores, scores.scores, rtol=1e-4)
    (part, _), (whole, _) = once.fit(settings, 0), always.fit(settings, 0)
    for one, other in zip(part, whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(part[0], weight_values(given.model)[0])


def test_changed_pictures_pass_the_frozen_part_once_for_each_version() -> None:
    """Several versions of each training picture stand for it; an epoch is as long as before."""
    given = subject()
    trials = make_trials(given, 2, 0, stage=1)
    laboratory = Laboratory(given, trials)
    flipped = replace(given.baseline, frozen_stages=2, random_flip=1.0)
    build = laboratory.build(flipped)
    assert build.views == (("random_flip", 1.0),)
    measured = laboratory.measure([flipped], [0, 1])
    assert np.isfinite(measured.scores).all()
    part = laboratory._parts[build]
    own = trials[0].split.train
    assert part.num_visits is not None
    assert part.num_visits[0] == len(own)
    assert len(part.splits[0].train) == NUM_VIEWS * len(own)
    np.testing.assert_array_equal(part.splits[0].validation, trials[0].split.validation)
    np.testing.assert_array_equal(
        part.dataset.target[part.splits[0].train], np.tile(given.dataset.target[own], NUM_VIEWS)
    )
    # Every picture is mirrored, so that its features are those of the mirrored picture.
    front = laboratory._frozen._fronts[build].front
    mirrored = front_outputs(front, [given.dataset.inputs[0][own][:, :, ::-1]])[0]
    found = part.dataset.inputs[0][part.splits[0].train][: len(own)]
    np.testing.assert_allclose(found, mirrored, rtol=1e-4, atol=1e-5)
    members = laboratory.members(build, [flipped], [0])
    assert members.random_flip[0] == 0
    assert members.num_visits[0] == len(own)


def test_mixed_pictures_pass_the_frozen_part_each_time() -> None:
    """What two pictures make together cannot be kept; nor is anything kept where nothing is frozen."""
    given = subject()
    laboratory = Laboratory(given, make_trials(given, 2, 0, stage=1))
    frozen = replace(given.baseline, frozen_stages=2)
    assert laboratory.build(replace(frozen, mixup=0.2)).through
    assert laboratory.build(replace(frozen, mixup=0.2, random_flip=0.5)).through
    assert not laboratory.build(replace(frozen, l2=0.1)).through
    moved = laboratory.build(replace(given.baseline, random_flip=0.5))
    assert not moved.through
    assert not moved.views


def test_little_time_freezes_stages_in_the_baseline() -> None:
    """As many as it takes; with enough time none, also for one that starts afresh."""
    given = subject()
    assert with_affordable(given, 1e6) is given
    short = with_affordable(given, 1e-5)
    assert short.baseline.frozen_stages == 2
    assert "2 of its 3 stages are frozen" in short.notes[-1]
    fresh = subject("fresh")
    assert with_affordable(fresh, 1e6) is fresh
    drawn = with_affordable(fresh, 1e-5)
    assert (drawn.start, drawn.baseline.frozen_stages) == ("given", 2)
    assert any("Pretrained weights" in note for note in drawn.notes)


def test_what_takes_too_long_or_too_much_is_told_before_it_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fits into the time goes on, in its order; the rest says what it would take."""
    given = subject()
    laboratory = Laboratory(given, make_trials(given, 2, 0, stage=1))
    candidates = [
        make_candidate("dear", "mixup", given.baseline, replace(given.baseline, mixup=0.2)),
        make_candidate("cheap", "frozen-stages", given.baseline, replace(given.baseline, frozen_stages=2)),
    ]
    enough = affordable(laboratory, candidates, 2, 1e6)
    assert (enough.now, enough.later, enough.never) == (candidates, [], [])
    none = affordable(laboratory, candidates, 2, 1e-9)
    assert not none.now
    assert all("s are left" in why for _, why in none.later)
    needed = 1.5 * COMPILE_S  # one program of two
    assert affordable(laboratory, candidates, 2, needed).now == candidates[:1]
    monkeypatch.setattr(_run_cost, "free_bytes", lambda: 1000)
    assert all("GiB of memory" in why for _, why in affordable(laboratory, candidates, 2, 1e6).never)


def test_little_memory_freezes_stages_in_the_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that fits the time, but not the memory, is not trained whole."""
    given = subject()
    monkeypatch.setattr(_affordable, "free_bytes", lambda: 1000)
    small = with_affordable(given, 1e6)
    assert small.baseline.frozen_stages == 2
    assert "GiB" in small.notes[-1]


def test_a_study_of_a_learned_network_hands_back_a_whole_one() -> None:
    """Frozen stages are among the remedies, and the network takes pictures as the given one does."""
    rows, labels = pictures()
    study = wf.improve(network(), rows, labels, budget="60 members", epochs=3, batch_size=16, holdout=0.25)
    names = {remedy.name for remedy in study.report.remedies}
    assert {"frozen-2-of-3-stages", "frozen-1-of-3-stages"} <= names
    assert study.model is not None
    assert study.model.input_shape == (None, 8, 8, 1)
    assert study.model.output_shape == (None, 2)
