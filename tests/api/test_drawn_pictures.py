"""Pictures that are drawn for the training of a trial: from its own rows, for the trials that are trained."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from picture_samples import digits, small_network
from study_samples import SMALL_PLAN

from wellfit.api import _drawn_pictures, _offered, _protocol, improve
from wellfit.api._build import array_subject
from wellfit.api._confirm import Confirmed
from wellfit.api._drawn_pictures import DrawnPictures
from wellfit.api._events import Event
from wellfit.api._laboratory import Laboratory
from wellfit.api._material import Material, make_material
from wellfit.api._run_cost import affordable
from wellfit.api._subject import Subject, situation
from wellfit.api._trials import last_trials, make_trials
from wellfit.population import _diffusion
from wellfit.records import DataChoice, Settings, SettingsError, Task
from wellfit.search import make_candidate, remedies

CHOICE = DataChoice(resampling="diffusion")
TRIED = ("augmentation-mild", "random-flip-0.5", "experimental-diffusion")


@pytest.fixture(autouse=True)
def hardly_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a generator learn next to nothing: what it draws is looked at elsewhere."""
    monkeypatch.setattr(_diffusion, "NUM_UPDATES", 2)


def subject(start: str = "fresh", **changes: Any) -> Subject:
    """Return the subject of a study of two digits."""
    options: dict[str, Any] = {"holdout": 0.2, "seed": 0, "metric": None, "task": "auto"}
    options |= {"epochs": 3, "batch_size": 16, "unsafe": False}
    found = array_subject(*digits((8, 3), 60), model=small_network(), start=start, **options)
    return replace(found, dataset=replace(found.dataset, **changes))


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the number of pictures of every generator that is trained from here on."""
    counts: list[int] = []
    own = _drawn_pictures.drawn_pictures

    def counted(pictures: Any, *arguments: Any, **options: Any) -> Any:
        counts.append(len(pictures))
        return own(pictures, *arguments, **options)

    monkeypatch.setattr(_drawn_pictures, "drawn_pictures", counted)
    return counts


def made(material: Material, trial: int, num_own: int) -> np.ndarray:
    """Return the rows that were drawn for a trial."""
    rows = material.splits[trial].train
    return rows[rows >= num_own]


def test_it_keeps_to_the_protocol_of_materials() -> None:
    """Own rows in their place, as many drawn ones of the same classes for each trial, updates as before."""
    study = subject()
    trials = make_trials(study, 2, 0, stage=1)
    first, again = (make_material(study, trials, CHOICE) for _ in range(2))
    own = study.dataset.num_rows
    np.testing.assert_array_equal(first.dataset.inputs[0][:own], study.dataset.inputs[0])
    assert first.dataset.inputs[0].dtype == study.dataset.inputs[0].dtype
    assert first.dataset.inputs[0][own:].min() >= 0
    assert first.dataset.inputs[0].max() <= 255
    for index, trial in enumerate(trials):
        np.testing.assert_array_equal(first.splits[index].validation, trial.split.validation)
        rows = made(first, index, own)
        np.testing.assert_array_equal(first.dataset.target[rows], study.dataset.target[trial.split.train])
        assert first.num_visits[index] == len(trial.split.train)
    assert not np.intersect1d(made(first, 0, own), made(first, 1, own)).size
    np.testing.assert_array_equal(first.dataset.inputs[0], again.dataset.inputs[0])


def test_other_rows_are_never_read() -> None:
    """Pixels and labels that a trial does not train on change nothing of what is drawn for it."""
    study = subject()
    trial = make_trials(study, 1, 0, stage=1)[0]
    other = np.setdiff1d(np.arange(study.dataset.num_rows), trial.split.train)
    pixels, target = study.dataset.inputs[0].copy(), study.dataset.target.copy()
    pixels[other] = 1e4
    target[other] = 1 - target[other]
    changed = replace(study, dataset=replace(study.dataset, inputs=(pixels,), target=target))
    first, second = (make_material(one, [trial], CHOICE) for one in (study, changed))
    own = study.dataset.num_rows
    np.testing.assert_array_equal(first.dataset.inputs[0][own:], second.dataset.inputs[0][own:])
    np.testing.assert_array_equal(first.dataset.target[own:], second.dataset.target[own:])


def test_only_trials_that_are_asked_for_get_pictures(drawings: list[int]) -> None:
    """The others keep their rows; what is known is not drawn again."""
    study = subject()
    trials = make_trials(study, 3, 0, stage=1)
    drawn = DrawnPictures()
    one = make_material(study, trials, CHOICE, drawn_for=[1], drawn=drawn)
    both = make_material(study, trials, CHOICE, drawn_for=[1, 2], drawn=drawn)
    own = study.dataset.num_rows
    assert [len(made(one, t, own)) > 0 for t in range(3)] == [False, True, False]
    assert [len(made(both, t, own)) > 0 for t in range(3)] == [False, True, True]
    np.testing.assert_array_equal(one.splits[0].train, trials[0].split.train)
    assert drawings == [len(trials[t].split.train) for t in (1, 2)]


@pytest.mark.parametrize("start", ["fresh", "given"])
def test_a_study_trains_each_generator_once(start: str, drawings: list[int]) -> None:
    """Several settings share the pictures of a trial, and so do the stages; frozen stages may come first."""
    study = subject(start)
    trials = [*make_trials(study, 3, 0, stage=1), *last_trials(study, 0)]
    laboratory = Laboratory(study, trials)
    frozen = {"frozen_stages": 1} if start == "given" else {}
    settings = [replace(study.baseline, resampling="diffusion", l2=l2, **frozen) for l2 in (0.0, 0.01)]
    try:
        look = laboratory.measure([study.baseline, *settings], [0, 1])
        assert np.isfinite(look.scores).all()
        assert len(drawings) == 2
        assert np.isfinite(laboratory.measure(settings, [2]).scores).all()
        again = laboratory.measure(settings, [0, 1])
        np.testing.assert_allclose(again.scores, look.scores[1:], rtol=1e-4)
        assert len(drawings) == 3
        weights, is_good = laboratory.fit(settings[0], 3, alone=False)
        assert is_good
        assert [value.shape for value in weights] == [v.shape for v in study.model.get_weights()]
        assert laboratory.is_open(laboratory.build(settings[0]))
        assert len(laboratory.scalings(settings[0], 0)) == 1
        assert len(drawings) == 4
        assert sum(bool(build.trials) for build in laboratory._executors) == 1
    finally:
        laboratory.close()


def test_what_is_no_picture_of_a_class_is_refused() -> None:
    """Tables and regressions are not offered it, and say why when they are asked."""
    study = subject()
    regression = replace(study, dataset=replace(study.dataset, task=Task.REGRESSION))
    flat = subject(inputs=(study.dataset.inputs[0].reshape(120, -1),))
    for one in (regression, flat):
        assert not situation(one, 90).can_draw
        with pytest.raises(SettingsError, match="only pictures of classes"):
            make_material(one, make_trials(study, 1, 0, stage=1), CHOICE)
    assert situation(study, 90).can_draw


def test_too_little_time_is_told_before_it_is_begun(drawings: list[int]) -> None:
    """By a sentence, and nothing is drawn; more trials take longer."""
    study = subject()
    laboratory = Laboratory(study, make_trials(study, 2, 0, stage=1))
    settings = replace(study.baseline, resampling="diffusion")
    drawn = make_candidate("drawn", "synthetic-pictures", study.baseline, settings)
    (_, why), *others = affordable(laboratory, [drawn], 2, 1e-9).later
    assert "generator of pictures for each split" in why
    assert not others
    assert affordable(laboratory, [drawn], 2, 1e6).now == [drawn]
    assert not drawings


def test_a_study_reports_the_effect_and_a_plain_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """The effect is the one that training it alone gives; the sentence says what it is, and beside what."""
    plan = replace(SMALL_PLAN, num_look=2, num_batches=0, num_programs=9)
    monkeypatch.setattr(_protocol, "make_plan", lambda *_, **__: plan)
    monkeypatch.setattr(
        _offered, "remedies", lambda *given: [one for one in remedies(*given) if one.name in TRIED]
    )
    kept: list[Laboratory] = []

    def kept_open(*arguments: Any, **options: Any) -> Laboratory:
        kept.append(Laboratory(*arguments, **options))
        return kept[0]

    monkeypatch.setattr(_protocol, "Laboratory", kept_open)
    rows = digits((8, 3), 60)
    study = improve(small_network(), *rows, budget="1h", epochs=3, start="fresh", seed=5)
    found = {one.name: one for one in study.report.remedies}
    assert set(found) == set(TRIED)
    one = found["experimental-diffusion"]
    assert "experimental; over " in one.note
    assert "the best plain augmentation in the screen" in one.note
    assert not any("experimental" in found[name].note for name in TRIED[:2])
    assert dict(one.settings) == {"resampling": "diffusion"}
    strips = study.report.drawn
    assert [strip.label for strip in strips] == list(study.report.class_names)
    assert {strip.kept for strip in strips} == {study.report.chosen.resampling == "diffusion"}
    if one.stage == "screened":
        settings = replace(study.report.baseline, **dict(one.settings))
        scores = kept[0].measure([study.report.baseline, settings], plan.look).scores
        assert one.effect is not None
        effect = float(np.mean(scores[0] - scores[1]))
        assert math.isclose(effect, one.effect.estimate, rel_tol=1e-3, abs_tol=2e-5)
    kept[0].close()


def test_a_stop_while_pictures_are_drawn_keeps_what_was_measured(drawings: list[int]) -> None:
    """The generator at work ends, none is begun after it; what was drawn before is not drawn again."""
    study = subject()
    laboratory = Laboratory(study, [*make_trials(study, 2, 0, stage=1), *last_trials(study, 0)])
    settings = replace(study.baseline, resampling="diffusion")
    try:
        # The baseline needs no pictures; the first generator ends, the second is asked for when it is late.
        found = laboratory.measure([study.baseline, settings], [0, 1], should_stop=lambda: len(drawings) == 2)
        assert len(drawings) == 2
        assert found.complete.tolist() == [True, False]
        assert np.isfinite(found.scores[0]).all()
        assert np.isnan(found.scores[1]).all()
        assert not laboratory.broken
        assert not laboratory.why_not(settings)
        assert np.isfinite(laboratory.measure([settings], [0, 1]).scores).all()
        assert len(drawings) == 3
    finally:
        laboratory.close()


def test_a_stop_in_the_end_hands_the_baseline_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures for the chosen network are not drawn any more; the study keeps all else, and says so."""
    plan = replace(SMALL_PLAN, num_look=2, num_batches=0, num_programs=9)
    monkeypatch.setattr(_protocol, "make_plan", lambda *_, **__: plan)
    monkeypatch.setattr(_offered, "remedies", lambda *_: [])
    drawn = make_candidate(TRIED[2], "synthetic-pictures", Settings(), Settings(resampling="diffusion"))
    monkeypatch.setattr(Confirmed, "chosen", property(lambda _: drawn))
    stop = threading.Event()

    def listen(event: Event) -> None:
        if event.stage == "final":
            stop.set()

    study = improve(
        small_network(), *digits((8, 3), 40), budget="1h", epochs=1, start="fresh", listener=listen, stop=stop
    )
    assert "stopped" in study.partial
    assert study.model is not None
    assert study.report.chosen == study.report.baseline
    assert any("no time to draw" in note for note in study.report.notes)
    assert study.report.holdout is not None
