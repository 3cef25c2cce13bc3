"""Test-time augmentation: judged on members that are trained anyway, and handed back as it was judged."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.api import _final
from wellfit.api._build import array_subject
from wellfit.api._confirm import Confirmed
from wellfit.api._final import finish, predictions
from wellfit.api._laboratory import Laboratory
from wellfit.api._offered import shares_program
from wellfit.api._protocol import Found
from wellfit.api._run_cost import affordable
from wellfit.api._subject import Subject, situation
from wellfit.api._trials import last_trials, make_trials
from wellfit.evaluation import apply_temperature, score
from wellfit.models import VIEWS, averaged, chosen_model, seen_in, with_test_views, without_test_views
from wellfit.records import Settings, as_trained
from wellfit.search import make_candidate

layers = keras.layers


def network(ending: Any, shape: tuple[int | None, ...] = (8, 8, 1)) -> keras.Model:
    """Return a small network of one convolution."""
    keras.utils.set_random_seed(0)
    body = [layers.Conv2D(4, 3, padding="same", activation="relu", name="conv"), layers.MaxPooling2D()]
    return keras.Sequential([keras.Input(shape), *body, layers.Flatten(), ending])


def subject(
    model: keras.Model, target: Any = None, *, loss: Any = "sparse_categorical_crossentropy", **options: Any
) -> Subject:
    """Return the subject of a study of noisy pictures: bright in their upper or in their lower half."""
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 2
    pictures = rng.normal(size=(120, 8, 8, 1)).astype(np.float32)
    pictures[labels == 0, :4] += 0.4
    pictures[labels == 1, 4:] += 0.4
    model.compile(keras.optimizers.Adam(0.01), loss)
    given: dict[str, Any] = {"holdout": 0.2, "seed": 0, "metric": None, "task": "auto"}
    given |= {"epochs": 3, "batch_size": 16, "unsafe": False, **options}
    return array_subject(pictures, labels if target is None else target, model=model, **given)


def laboratory(given: Subject) -> Laboratory:
    """Return a laboratory with two trials, and those of the end."""
    return Laboratory(given, [*make_trials(given, 2, 0, stage=1), *last_trials(given, 0)])


def with_views(settings: Settings) -> list[Settings]:
    """Return settings in all views, none first."""
    return [replace(settings, test_time_augmentation=kind) for kind in VIEWS]


def recomputed(own: Laboratory, settings: Settings, trial: int, temperature: float = np.nan) -> float:
    """Return the score of the network that would be handed back, trained alone and asked by Keras."""
    given, build = own.subject, own.build(settings)
    curves = own.executor(build).train(own.members(build, [settings], [trial]))
    weights = [values[0] for values in curves.weights]
    model = chosen_model(given.model, build.structure, own.whole(settings, weights), settings, given.setup)
    rows = own.trials[trial].scored
    pictures = given.dataset.inputs[0][rows]
    task, from_logits = given.dataset.task, given.setup.from_logits
    if np.isfinite(temperature):
        views = VIEWS[settings.test_time_augmentation]
        said = [predictions(given, model, [seen_in(pictures, view)]) for view in views]
        predicted = np.mean([apply_temperature(one, temperature) for one in said], axis=0)
    else:
        whole = with_test_views(model, settings.test_time_augmentation, task, from_logits=from_logits)
        predicted = predictions(given, whole, [pictures])
    return score(given.metric.name, task, given.dataset.target[rows], predicted)


SUBJECTS: dict[str, Any] = {
    "softmax": lambda: subject(network(layers.Dense(2, activation="softmax"))),
    "logits": lambda: subject(
        network(layers.Dense(1)), loss=keras.losses.BinaryCrossentropy(from_logits=True)
    ),
    "regression": lambda: subject(
        network(layers.Dense(1)), np.random.default_rng(1).normal(size=120), loss="mse", task="regression"
    ),
}


@pytest.mark.parametrize("name", SUBJECTS)
def test_scores_are_those_of_the_network_that_would_be_handed_back(name: str) -> None:
    """Whatever it puts out; and views change the scores."""
    own = laboratory(SUBJECTS[name]())
    every = with_views(own.subject.baseline)
    found = own.measure(every, [0, 1]).scores
    for row, settings in enumerate(every):
        assert found[row, 1] == pytest.approx(recomputed(own, settings, 1), rel=1e-4)
    assert len(np.unique(found[:, 0])) == len(every)
    own.close()


def test_nothing_is_trained_for_it() -> None:
    """One network a trial serves all views, and without views its score is the baseline's to the bit."""
    own = laboratory(SUBJECTS["softmax"]())
    alone = own.measure([own.subject.baseline], [0, 1])
    before = own.members_trained
    every = with_views(own.subject.baseline)
    found = own.measure([*every, replace(every[1], temperature=True)], [0, 1])
    assert own.members_trained - before == 2
    np.testing.assert_array_equal(found.scores[0], alone.scores[0])
    assert found.complete.all()
    assert all(np.array_equal(curve[1], found.curves[0][1]) for curve in found.curves)
    assert shares_program(own, every[-1])
    own.close()


def test_a_temperature_is_that_of_the_mean_over_views() -> None:
    """Each view is cooled, by a factor that is fitted to their mean."""
    own = laboratory(SUBJECTS["softmax"]())
    plain = replace(own.subject.baseline, temperature=True)
    flipped = replace(plain, test_time_augmentation="flip")
    found = own.measure([plain, flipped], [0, 1])
    assert (found.temperatures[0] != found.temperatures[1]).all()
    factor = float(found.temperatures[1, 0])
    assert found.scores[1, 0] == pytest.approx(recomputed(own, flipped, 0, factor), rel=1e-4)
    own.close()


def test_behind_a_frozen_beginning_views_pass_it() -> None:
    """The same scores as through the whole network, and in a program that is planned for by itself."""
    given = subject(network(layers.Dense(2, activation="softmax")), start="given")
    baseline = replace(given.baseline, frozen_stages=1)
    once, always = laboratory(given), laboratory(given)
    always._frozen._can_keep = False
    every = with_views(baseline)
    found = once.measure(every, [0, 1]).scores
    assert once._frozen._fronts
    np.testing.assert_allclose(found, always.measure(every, [0, 1]).scores, rtol=1e-4)
    assert len(np.unique(found[:, 0])) == len(every)
    assert not shares_program(once, every[-1])
    dear = make_candidate("views", "test-time-augmentation", baseline, every[-1])
    ((_, why),) = affordable(once, [dear], 2, 1e-9).later
    assert "s are left" in why


def test_a_mirror_image_of_another_class_is_caught() -> None:
    """Where left and right are the classes, the mean over mirrored pictures is worse than none."""
    rng = np.random.default_rng(0)
    labels = np.arange(160) % 2
    pictures = rng.normal(size=(160, 8, 8, 1)).astype(np.float32)
    pictures[labels == 0, :, :4] += 0.8
    pictures[labels == 1, :, 4:] += 0.8
    model = network(layers.Dense(2, activation="softmax"))
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    options: dict[str, Any] = {"holdout": 0.2, "seed": 0, "metric": None, "task": "auto", "unsafe": False}
    given = array_subject(pictures, labels, model=model, epochs=8, batch_size=16, **options)
    own = laboratory(given)
    plain, flipped = own.measure(with_views(given.baseline)[:2], [0, 1]).scores
    assert (flipped > plain + 0.2).all()  # log loss
    own.close()


class _Plan:
    final, watched, is_long = 2, 3, False


def confirmed(temperatures: dict[Settings, float]) -> Confirmed:
    """Return a confirmation that knows temperatures and nothing else."""
    return Confirmed(
        finalists=(),
        confirmation=None,
        trials=(),
        baseline_scores=np.zeros(0),
        best_epochs={},
        curves={},
        temperatures=temperatures,
    )


def test_the_network_that_is_handed_back_looks_at_the_views() -> None:
    """By itself, with the temperature inside; the one that it shows them to can be taken out."""
    own = laboratory(SUBJECTS["softmax"]())
    chosen = replace(own.subject.baseline, test_time_augmentation="flip", temperature=True)
    final = finish(own, _Plan(), chosen, confirmed({chosen: 2.0}), 0)  # type: ignore[arg-type]
    assert final is not None
    assert final.settings == chosen
    pictures = own.subject.dataset.inputs[0][own.subject.holdout]
    inside = without_test_views(final.model)
    assert inside is not final.model
    said = [predictions(own.subject, inside, [seen_in(pictures, view)]) for view in VIEWS["flip"]]
    np.testing.assert_allclose(
        predictions(own.subject, final.model, [pictures]), np.mean(said, axis=0), atol=1e-6
    )
    own.close()


def test_an_average_is_shown_the_views_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its networks are trained without; the remedy counts as kept, whatever is done to their outputs."""
    own = laboratory(SUBJECTS["softmax"]())
    chosen = replace(own.subject.baseline, test_time_augmentation="shift", temperature=True)
    members = [network(layers.Dense(2, activation="softmax")) for _ in range(2)]
    average = averaged(members, [0.5, 0.5], own.subject.dataset.task)
    monkeypatch.setattr(_final, "_average", lambda *_: average)
    ensemble: Any = SimpleNamespace(settings=(as_trained(chosen),), num_networks=2)
    plan: Any = _Plan()
    final = finish(own, plan, chosen, confirmed({}), 0, ensemble=ensemble)
    assert final is not None
    assert final.is_average
    assert final.settings.test_time_augmentation == "shift"
    assert len(without_test_views(final.model).layers) == len(average.layers)
    assert final.model.count_params() == average.count_params()
    choice: Any = SimpleNamespace(chosen=SimpleNamespace(name="test-time-shift", settings=chosen))
    nothing: Any = None
    found = Found(baseline=nothing, references={}, confirmed=choice, ensemble=ensemble, final=final)
    assert found.kept == "test-time-shift"
    own.close()


def test_it_is_offered_for_pictures_of_one_size_alone() -> None:
    """Not for tables, and not where the network takes pictures of any size."""
    assert situation(SUBJECTS["softmax"](), 60).can_view
    keras.utils.set_random_seed(0)
    body = [layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(2, activation="softmax")]
    of_any_size = keras.Sequential([keras.Input((None, None, 1)), *body])
    assert not situation(subject(of_any_size), 60).can_view
    rows = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    table = keras.Sequential([keras.Input((3,)), layers.Dense(2, activation="softmax")])
    table.compile("adam", "sparse_categorical_crossentropy")
    options: dict[str, Any] = {"holdout": 0.2, "seed": 0, "metric": None, "task": "auto", "unsafe": False}
    of_rows = array_subject(rows, np.arange(60) % 2, model=table, epochs=2, batch_size=16, **options)
    assert not situation(of_rows, 40).can_view
