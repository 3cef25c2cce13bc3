"""Runs that were stored are answered without training, and leave everything as if they had been trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.api import _laboratory
from wellfit.api._bag import train_bag
from wellfit.api._build import array_subject
from wellfit.api._clock import Clock
from wellfit.api._laboratory import Laboratory
from wellfit.api._replay import Replay
from wellfit.api._subject import Subject
from wellfit.api._trials import make_trials
from wellfit.population import open_executor
from wellfit.records import UnsupportedModelError, WorkerError
from wellfit.store import TrialStore, sqlite_url


@pytest.fixture(scope="module")
def subject() -> Subject:
    """Return a small network on 90 rows of two classes."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 4)).astype(np.float32)
    y = (x[:, 0] + rng.normal(size=90) > 0).astype(int)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1, "sigmoid")]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    options: dict[str, Any] = {"holdout": 0, "seed": 0, "metric": None, "task": "auto", "unsafe": False}
    return array_subject(x, y, model=model, epochs=7, batch_size=16, **options)


def laboratory(subject: Subject, folder: Path, *, begin: bool = False) -> Laboratory:
    """Return a laboratory whose runs are stored in a folder."""
    store = TrialStore(sqlite_url(folder / "trials.db"), "one")
    if begin:
        store.begin({})
    clock = Clock(1e6)
    return Laboratory(subject, make_trials(subject, 3, 0, stage=1), replay=Replay(clock, store))


def never(*_: object, **__: object) -> None:
    """Stand for what trains."""
    raise AssertionError("something was trained")


def do_all(laboratory: Laboratory) -> dict[str, Any]:
    """Do a run of each kind, and return all that can be seen of them."""
    own, places = laboratory.subject.baseline, laboratory.num_places
    settings = [own, replace(own, l2=0.01), replace(own, temperature=True), replace(own, width=2.0)]
    measured = laboratory.measure(settings, [0, 1], rungs=[2], keep_fraction=0.5)
    weights, is_good = laboratory.fit(own, 2, alone=False)
    cycles = replace(own, schedule="warm-restarts", patience=0)
    bagged = train_bag(laboratory, [cycles, own], [0, 1], scaling=0)
    assert laboratory.judged is not None
    return {
        "scores": measured.scores,
        "temperatures": measured.temperatures,
        "finished": measured.finished,
        "curves": [list(curve) for curve in measured.curves],
        "duration_s": measured.duration_s,
        "weights": list(weights),
        "is_good": is_good,
        "networks": {str(job): [list(one) for one in found] for job, found in bagged.networks.items()},
        "predictions": {str(job): values for job, values in bagged.predictions.items()},
        "judged": laboratory.judged.mean(laboratory.judged.rows),
        "places": places,
        "trained": laboratory.members_trained,
        "compile_s": laboratory.compile_s,
        "notes": laboratory.notes,
        "open": [laboratory.is_open(laboratory.build(one)) for one in settings],
        "refused": [laboratory.why_not(one) for one in settings],
    }


def test_stored_runs_are_as_good_as_trained_ones(
    subject: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit, with every side effect, and with no executor."""
    restructured = _laboratory.restructured

    def refusing(model: Any, layout: Any, structure: Any, **options: Any) -> Any:
        if structure.width > 1:
            raise UnsupportedModelError("it cannot be wider")
        return restructured(model, layout, structure, **options)

    monkeypatch.setattr(_laboratory, "restructured", refusing)
    first = laboratory(subject, tmp_path, begin=True)
    done = do_all(first)
    first.close()
    assert np.isfinite(done["scores"]).sum() >= 2
    assert len(done["curves"][0]) == 5
    assert all(np.isfinite(part).all() and len(part) for part in done["curves"][0] if np.ndim(part))
    assert done["refused"] == ["", "", "", "it cannot be wider"]
    assert {len(found) for found in done["networks"].values()} == {1, 3}
    monkeypatch.setattr(_laboratory, "restructured", never)
    monkeypatch.setattr(_laboratory, "open_executor", never)
    second = laboratory(subject, tmp_path)
    again = do_all(second)
    np.testing.assert_equal(again, done)
    with pytest.raises(AssertionError, match="something was trained"):
        second.measure([subject.baseline], [2])


def test_a_study_that_was_killed_between_runs_trains_the_rest(subject: Subject, tmp_path: Path) -> None:
    """What follows stored runs is as it is after trained ones."""
    first = laboratory(subject, tmp_path, begin=True)
    done = do_all(first)
    first.close()
    first.replay._store.forget_from(1)  # type: ignore[union-attr]
    second = laboratory(subject, tmp_path)
    again = do_all(second)
    second.close()
    times = ("duration_s", "compile_s")
    np.testing.assert_equal(
        {name: value for name, value in again.items() if name not in times},
        {name: value for name, value in done.items() if name not in times},
    )


class Mortal:
    """An executor whose worker dies at its first starts.

    Args:
        executor: that does the work.
        deaths: how often it dies.
    """

    deaths = 1

    def __init__(self, executor: Any) -> None:
        self._executor = executor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executor, name)

    def start(self, *arguments: Any, **options: Any) -> Any:
        """Start a run, or die."""
        if type(self).deaths:
            type(self).deaths -= 1
            raise WorkerError("the worker process ended without an answer, with signal 9.")
        return self._executor.start(*arguments, **options)


@pytest.fixture
def mortal(monkeypatch: pytest.MonkeyPatch) -> type[Mortal]:
    """Let every executor die as often as is set."""
    monkeypatch.setattr(_laboratory, "open_executor", lambda *a, **o: Mortal(open_executor(*a, **o)))
    monkeypatch.setattr(Mortal, "deaths", 1)
    return Mortal


def test_a_worker_that_dies_is_started_again(subject: Subject, tmp_path: Path, mortal: type[Mortal]) -> None:
    """Its runs are done again, and the reader is told; also when they come from the store."""
    found = laboratory(subject, tmp_path, begin=True)
    scores = found.measure([subject.baseline], [0]).scores
    assert np.isfinite(scores).all()
    assert found.broken == ""
    assert any("signal 9; its runs were done again" in note for note in found.notes)
    again = laboratory(subject, tmp_path)
    np.testing.assert_array_equal(again.measure([subject.baseline], [0]).scores, scores)
    assert again.notes == found.notes


def test_a_worker_that_dies_again_ends_the_study(
    subject: Subject, tmp_path: Path, mortal: type[Mortal]
) -> None:
    """With what it has, which is stored; the run that killed it is not."""
    found = laboratory(subject, tmp_path, begin=True)
    mortal.deaths = 0
    found.measure([subject.baseline], [0])
    mortal.deaths = 2
    assert not found.measure([subject.baseline], [1]).finished.any()
    assert "signal 9" in found.broken
    assert Replay(store=TrialStore(sqlite_url(tmp_path / "trials.db"), "one")).num_known == 1
