"""Rows of experiments: what to train on, what to stop by, what to score on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._subject import Subject
from wellfit.data import make_splits
from wellfit.records import DataError, Split

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
    """

    split: Split
    scored: Array
    seed: int
    can_stop: bool = True


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
