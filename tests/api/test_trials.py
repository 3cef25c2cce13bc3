"""Dividing working rows into those to train on, to stop by and to score on."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from wellfit.api._trials import Trial, curve_trials, last_trials, make_trials
from wellfit.records import Dataset, Task


def subject(num_rows: int, num_groups: int | None = None, num_times: int | None = None) -> Any:
    """Return the part of a subject that trials need: rows, perhaps in groups or in order of time."""
    rng = np.random.default_rng(0)
    data = Dataset(
        inputs=(rng.normal(size=(num_rows, 2)).astype(np.float32),),
        target=rng.integers(0, 2, num_rows).astype(np.int32),
        task=Task.BINARY,
        class_names=("0", "1"),
        groups=None if num_groups is None else rng.integers(0, num_groups, num_rows).astype(np.int32),
        time=None if num_times is None else np.sort(rng.integers(0, num_times, num_rows)).astype(float),
    )
    return SimpleNamespace(dataset=data, working=np.arange(num_rows, dtype=np.int32))


def parts(trial: Trial) -> list[set[int]]:
    """Return the three sets of rows."""
    return [set(rows.tolist()) for rows in (trial.split.train, trial.split.validation, trial.scored)]


@pytest.mark.parametrize("num_rows", [20, 31, 36, 45, 200, 2000])
def test_tables_of_any_size_are_divided(num_rows: int) -> None:
    """Nothing that is scored on was trained on, and every part has rows."""
    for trial in make_trials(subject(num_rows), 4, seed=0, stage=1):
        train, stop, scored = parts(trial)
        assert train
        assert stop
        assert scored
        assert not train & scored
        assert not train & stop
        assert not trial.can_stop or not stop & scored


@pytest.mark.parametrize("num_groups", [4, 5, 6, 8, 12, 50])
def test_groups_stay_whole_however_few(num_groups: int) -> None:
    """No group lies on both sides of a division."""
    given = subject(600, num_groups=num_groups)
    for trial in make_trials(given, 5, seed=1, stage=1):
        train, stop, scored = ({given.dataset.groups[row] for row in part} for part in parts(trial))
        assert not train & scored
        assert not train & stop


@pytest.mark.parametrize("num_times", [6, 40, 10_000])
def test_scored_rows_are_later_than_those_trained_on(num_times: int) -> None:
    """With few moments in time, too."""
    given = subject(600, num_times=num_times)
    for trial in make_trials(given, 3, seed=1, stage=1):
        time = given.dataset.time
        assert time[trial.split.train].max() < time[trial.scored].min()


def test_where_nothing_can_be_kept_to_stop_by_the_trial_says_so() -> None:
    """Two groups: one to train on, one to score on, none left."""
    assert not any(trial.can_stop for trial in make_trials(subject(100, num_groups=2), 3, seed=0, stage=1))


def test_stages_and_neighboring_seeds_share_no_member_seed() -> None:
    """The seeds of the members are drawn, not counted."""
    given = subject(300)
    seeds = [
        trial.seed
        for seed in (0, 1, 2)
        for stage in (1, 2)
        for trial in make_trials(given, 10, seed=seed, stage=stage)
    ]
    assert len(set(seeds)) == len(seeds)


def test_the_same_seed_gives_the_same_trials() -> None:
    """Rows and seeds alike."""
    first, again = (make_trials(subject(300), 3, seed=5, stage=1, max_rows=150) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert parts(one) == parts(other)
        assert one.seed == other.seed


def test_fewer_rows_are_asked_for_and_given() -> None:
    """All three parts shrink alike."""
    for trial in make_trials(subject(2000), 2, seed=0, stage=1, max_rows=400):
        assert sum(map(len, parts(trial))) == 400
        assert 40 <= len(trial.scored) <= 80


def test_the_last_trials_use_all_rows() -> None:
    """One trains on all of them, the other keeps some to watch."""
    everything, watched = last_trials(subject(300), seed=0)
    assert len(everything.split.train) == 300
    assert len(everything.split.validation) == 0
    assert len(watched.split.train) + len(watched.split.validation) == 300
    assert replace(everything, seed=0).can_stop


@pytest.mark.parametrize(("num_groups", "num_times"), [(None, None), (40, None), (None, 400)])
def test_parts_of_a_curve_are_nested(num_groups: int | None, num_times: int | None) -> None:
    """Each part is a part of the next and of the training rows; all else stays, updates included."""
    given = subject(400, num_groups, num_times)
    trials = make_trials(given, 2, seed=0, stage=2)
    parts = curve_trials(given, trials, (0.25, 0.5))
    for trial, (small, large) in zip(trials, (parts[:2], parts[2:]), strict=True):
        whole = set(trial.split.train.tolist())
        assert set(small.split.train.tolist()) < set(large.split.train.tolist()) < whole
        assert len(small.split.train) == pytest.approx(0.25 * len(whole), abs=1)
        for part in (small, large):
            assert part.num_visits == len(whole)
            assert part.seed == trial.seed
            assert part.split.validation is trial.split.validation
            assert part.scored is trial.scored


def test_parts_of_a_curve_keep_every_class() -> None:
    """Shares of classes stay, and a class of two rows is in the smallest part."""
    given = subject(400)
    given.dataset.target[:] = 0
    given.dataset.target[100:200] = 1
    trial = make_trials(given, 1, seed=0, stage=2)[0]
    rare = trial.split.train[given.dataset.target[trial.split.train] == 0][:2]
    given = SimpleNamespace(
        dataset=replace(given.dataset, class_names=("0", "1", "2")), working=given.working
    )
    given.dataset.target[rare] = 2
    part = curve_trials(given, [trial], (0.25,))[0]
    counts = np.bincount(given.dataset.target[part.split.train], minlength=3)
    before = np.bincount(given.dataset.target[trial.split.train], minlength=3)
    assert counts[2] >= 1
    assert np.allclose(counts[:2] / before[:2], 0.25, atol=0.03)
