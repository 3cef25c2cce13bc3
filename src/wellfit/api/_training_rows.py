"""Which rows one trial trains on, and how often, under a choice of data; it looks at no other rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._drawn_pictures import DrawnPictures
from wellfit.api._flat_rows import flat_rows
from wellfit.api._subject import Subject
from wellfit.api._trials import Trial
from wellfit.data import (
    FeatureKinds,
    NewRows,
    copula_rows,
    matrix_position,
    outlying_rows,
    oversampled,
    synthetic_rows,
    undersampled,
)
from wellfit.evaluation import doubtful_rows
from wellfit.records import DataChoice, IntArray, SettingsError

Array = NDArray[Any]

FAR_OUT = 3.0
"""Interquartile ranges beyond the quartiles at which a value is far out (Tukey, 1977)."""
_MOST_DROPPED = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingRows:
    """The training rows of one trial.

    Attributes:
        kept: indices of the trial's own training rows without those that were dropped; what is fitted is
            fitted on these.
        rows: `kept` as often as each is trained on; made rows are counted from -1 down.
        made: rows that were made from them, or None.
        num_visits: rows in an epoch, so that repeating rows repeats no update; 0 for all of `rows`.
    """

    kept: IntArray
    rows: IntArray
    made: NewRows | None = None
    num_visits: int = 0


def training_rows(
    subject: Subject, trial: Trial, choice: DataChoice, kinds: FeatureKinds, drawn: DrawnPictures
) -> TrainingRows:
    """Return the training rows of one trial: outliers and suspects out first, then more or fewer rows.

    Where rows are repeated or made, an epoch has as many updates as without: the network then sees another
    mixture of rows, but not more of them.

    Args:
        subject: what the study is about.
        trial: whose training rows are looked at.
        choice: of data.
        kinds: of the float input's features.
        drawn: pictures that were drawn already.

    Raises:
        SettingsError: hardly any row would be left.
    """
    own, other = (int(one) for one in np.random.SeedSequence([trial.seed, 17]).generate_state(2))
    kept = trial.split.train
    if choice.outliers == "drop":
        kept = _without_outliers(subject, kept, kinds)
    doubted = np.zeros(0, np.int32)
    if choice.suspects != "keep":
        doubted = _doubted(subject, kept, own)
        if choice.suspects == "remove":
            kept = kept[~np.isin(kept, doubted)]
    if choice.resampling == "diffusion":
        made = drawn.rows(subject.dataset, kept, other)
        rows = _with_made(kept, made)
    else:
        rows, made = _resampled(subject, kept, choice.resampling, kinds, other)
    if choice.suspects == "down-weight" and len(doubted):
        # A row counts by how often it is drawn: suspects half as often as all others.
        rows = np.repeat(rows, np.where(np.isin(rows, doubted), 1, 2))
    is_changed = not np.array_equal(rows, kept)
    return TrainingRows(
        kept=kept, rows=rows.astype(np.int32), made=made, num_visits=len(kept) if is_changed else 0
    )


def _without_outliers(subject: Subject, rows: IntArray, kinds: FeatureKinds) -> IntArray:
    values = subject.dataset.inputs[matrix_position(subject.dataset)][rows]
    kept = rows[~outlying_rows(np.asarray(values[:, kinds.numeric], np.float32), "iqr", FAR_OUT)]
    if len(kept) < _MOST_DROPPED * len(rows):
        raise SettingsError(
            "most training rows hold an outlier.",
            received=f"{len(rows) - len(kept)} of {len(rows)} rows with a value far out",
            expected="at least half of the rows without one",
            fix='use outliers="clip"',
        )
    return kept


def _doubted(subject: Subject, rows: IntArray, seed: int) -> IntArray:
    dataset = subject.dataset
    x = flat_rows(dataset, rows)
    groups = None if dataset.groups is None else dataset.groups[rows]
    found = doubtful_rows(
        x, dataset.target[rows], dataset.task, dataset.num_classes, groups=groups, seed=seed
    )
    return rows[found]


def _resampled(
    subject: Subject, rows: IntArray, method: str, kinds: FeatureKinds, seed: int
) -> tuple[IntArray, NewRows | None]:
    """Return rows with repeats or without some, and rows that were made, which come last."""
    if method == "none":
        return rows, None
    if method == "copula":
        made = copula_rows(subject.dataset, rows, kinds, seed)
    else:
        classes = subject.dataset.target[rows]
        if method == "oversample":
            return oversampled(rows, classes, seed), None
        if method == "undersample":
            return undersampled(rows, classes, seed), None
        made = synthetic_rows(subject.dataset, rows, kinds, method, seed)
    return _with_made(rows, made), made


def _with_made(rows: IntArray, made: NewRows) -> IntArray:
    return np.concatenate([rows, -1 - np.arange(len(made.target))]).astype(np.int32)
