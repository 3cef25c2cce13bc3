"""Rows of experiments: what to train on, what to stop by, what to score on."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._subject import Subject
from wellfit.data import make_splits
from wellfit.records import DataError, Dataset, Split

Array = NDArray[Any]

# Of the working rows: 15 % to score on; of the others 12 % to stop by, the rest to train on. Rows that early
# stopping has looked at would flatter it.
_SCORED, _STOPPED_BY = 0.15, 0.12


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """Rows of one experiment.

    Attributes:
        split: rows to train on, and rows to stop by.
        scored: rows to score on.
        seed: of every member on this split, so that comparisons are paired.
        can_stop: whether the rows to stop by are others than those to score on; without that, nothing may
            be decided on them.
        num_visits: row visits in an epoch; 0 for as many as there are training rows.
    """

    split: Split
    scored: Array
    seed: int
    can_stop: bool = True
    num_visits: int = 0


def make_trials(
    subject: Subject, num_trials: int, seed: int, *, stage: int, max_rows: int | None = None
) -> list[Trial]:
    """Return divisions of the working rows, the same for the same seed and stage.

    Args:
        subject: what the study is about.
        num_trials: how many.
        seed: of the study.
        stage: number of the stage; stages share neither splits nor seeds.
        max_rows: working rows to use at most, or None for all.
    """
    draws = np.random.SeedSequence([seed, stage]).generate_state(2 * num_trials + 2)
    rows = _some(subject, max_rows, int(draws[-1]))
    outer = make_splits(subject.dataset, rows, num_trials, validation_fraction=_SCORED, seed=int(draws[-2]))
    return [
        _trial(subject, split, int(draws[2 * index]), int(draws[2 * index + 1]))
        for index, split in enumerate(outer)
    ]


def last_trials(subject: Subject, seed: int) -> list[Trial]:
    """Return the trial that trains on all working rows, and one that keeps some of them to decide by.

    The second is for settings that watch validation rows while they train, such as a plateau schedule.
    """
    draws = np.random.SeedSequence([seed, 99]).generate_state(2)
    rows = np.asarray(subject.working, np.int32)
    none = np.zeros(0, np.int32)
    everything = Trial(split=Split(train=rows, validation=none), scored=none, seed=int(draws[0]))
    try:
        watched = make_splits(subject.dataset, rows, 1, validation_fraction=_STOPPED_BY, seed=int(draws[1]))[
            0
        ]
    except DataError:
        return [everything, everything]
    return [everything, Trial(split=watched, scored=none, seed=int(draws[0]))]


def bag_trials(subject: Subject, num_folds: int, seed: int) -> list[Trial]:
    """Return folds of the working rows: each is watched by a network that trains on all the others.

    Rows in time order are not cut into folds: every network trains on all rows, each from its own seed.
    """
    if not num_folds:
        return []
    draws = np.random.SeedSequence([seed, 98]).generate_state(num_folds + 1)
    rows = np.asarray(subject.working, np.int32)
    none = np.zeros(0, np.int32)
    splits = [Split(train=rows, validation=none)] * num_folds
    if subject.dataset.time is None:
        # Groups may be too few for folds.
        with contextlib.suppress(DataError):
            seeded = int(draws[-1])
            splits = list(make_splits(subject.dataset, rows, num_folds, folds=num_folds, seed=seeded))
    return [
        Trial(split=split, scored=split.validation, seed=int(draw), can_stop=len(split.validation) > 0)
        for split, draw in zip(splits, draws, strict=False)
    ]


def curve_trials(subject: Subject, trials: Sequence[Trial], shares: Sequence[float]) -> list[Trial]:
    """Return every trial with a part of its training rows, but as many updates: points of a learning curve.

    Smaller parts are parts of larger ones. Classes keep their shares, and none loses its last row; groups
    stay together, and of rows in time order the latest are kept.

    Args:
        subject: what the study is about.
        trials: of the study.
        shares: of the training rows, each below 1.
    """
    parts: list[Trial] = []
    for trial in trials:
        train = trial.split.train
        order = _nested(subject.dataset, train, trial.seed)
        for share in shares:
            kept = np.sort(train[order[: max(2, round(share * len(train)))]])
            split = Split(train=kept, validation=trial.split.validation)
            parts.append(replace(trial, split=split, num_visits=len(train)))
    return parts


def _nested(dataset: Dataset, rows: Array, seed: int) -> Array:
    """Return positions in `rows` whose every beginning stands for all of them."""
    rng = np.random.default_rng([seed, 3])
    if dataset.time is not None:
        return np.argsort(-dataset.time[rows], kind="stable")
    shuffled = rng.permutation(len(rows))
    if dataset.groups is not None:
        codes = np.unique(dataset.groups[rows], return_inverse=True)[1]
        return np.argsort(rng.permutation(codes.max() + 1)[codes], kind="stable")
    if not dataset.task.is_classification:
        return shuffled
    place = np.zeros(len(rows))
    classes = dataset.target[rows][shuffled]
    for code in np.unique(classes):
        members = shuffled[classes == code]
        # The first row of a class comes first of all, the others at equal steps.
        place[members] = (np.arange(len(members)) + rng.random()) / len(members)
        place[members[0]] = 0.0
    return np.argsort(place, kind="stable")


def _trial(subject: Subject, outer: Split, split_seed: int, seed: int) -> Trial:
    """Take rows to stop by out of the training rows; groups and times may be too few for that."""
    inner = stopping_split(subject, outer.train, split_seed)
    if inner is None:
        split = Split(train=outer.train, validation=outer.validation)
        return Trial(split=split, scored=outer.validation, seed=seed, can_stop=False)
    return Trial(split=inner, scored=outer.validation, seed=seed)


def stopping_split(subject: Subject, train: Array, seed: int) -> Split | None:
    """Return the rows to train on and some of them to stop by; None where groups or times are too few."""
    try:
        return make_splits(subject.dataset, train, 1, validation_fraction=_STOPPED_BY, seed=seed)[0]
    except DataError:
        return None


def _some(subject: Subject, max_rows: int | None, seed: int) -> Array:
    """Return a random part of the working rows; of rows in time order the latest."""
    rows = np.asarray(subject.working, np.int32)
    if max_rows is None or len(rows) <= max_rows:
        return rows
    if subject.dataset.time is not None:
        latest = np.argsort(subject.dataset.time[rows], kind="stable")[-max_rows:]
        return rows[np.sort(latest)]
    return rows[np.sort(np.random.default_rng(seed).choice(len(rows), max_rows, replace=False))]
