"""What the rows of a study looked like, for whoever watches the network in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._final import Final
from wellfit.api._references import chance_name
from wellfit.api._subject import Subject
from wellfit.data import array_columns, picked, watched_columns
from wellfit.drift import Reference, make_reference
from wellfit.evaluation import score_intervals
from wellfit.records import Report, Scored

Array = NDArray[Any]

# More rows make no test noticeably sharper, and quantiles of all columns would take seconds.
_MOST_ROWS = 100_000
_MOST_PICTURES = 2_000
_MOST_COLUMNS = 2_000


def study_reference(subject: Subject, final: Final, report: Report) -> Reference:
    """Return the reference of a study that has come to its end.

    Args:
        subject: its rows.
        final: its network, with what that says of the holdout.
        report: has the score of chance.
    """
    dataset, holdout = subject.dataset, subject.holdout
    said = final.said.get("chosen")
    score, chance = None, float("nan")
    if said is not None:
        score = holdout_score(subject, said)
        references = {} if report.holdout is None else report.holdout.references
        chance = references.get(chance_name(subject), {}).get(subject.metric.name, chance)
    return make_reference(
        _columns(subject),
        task=dataset.task,
        class_names=dataset.class_names,
        metric=subject.metric.name,
        direction=subject.metric.direction,
        score=score,
        chance=chance,
        # What it says of its training rows says nothing: it has learned them by heart.
        prediction=said,
        target=None if said is None else dataset.target[holdout],
    )


def holdout_score(subject: Subject, said: Array) -> Scored:
    """Return the score of the chosen network on the holdout, with its interval."""
    dataset, rows = subject.dataset, subject.holdout
    groups = None if dataset.groups is None else dataset.groups[rows]
    return score_intervals(dataset.task, dataset.target[rows], said, groups=groups)[subject.metric.name]


def _columns(subject: Subject) -> Mapping[str, Any]:
    """Return what is watched of the training rows, evenly spread where they are many."""
    rows = _some(subject.working, _MOST_ROWS)
    if subject.encoder is not None and subject.source is not None:
        return watched_columns(subject.encoder, subject.source.table.take(subject.source.rows[rows]))
    pictures = [values for values in subject.dataset.inputs if values.ndim == 4]
    if pictures:
        return watched_pictures(picked(pictures[0], _some(subject.working, _MOST_PICTURES)))
    columns = array_columns(subject.dataset, rows)[:_MOST_COLUMNS]
    return {column.name: ("number", column.numbers) for column in columns}


def watched_pictures(pictures: Array) -> dict[str, Any]:
    """Return what is watched of pictures: how bright they are, and how much their pixels differ.

    Args:
        pictures: ``[picture, row, column, channel]``.
    """
    flat = [np.asarray(one, np.float64) for one in pictures]
    return {
        "brightness": ("number", np.array([one.mean() for one in flat])),
        "contrast": ("number", np.array([one.std() for one in flat])),
    }


def _some(rows: Array, most: int) -> Array:
    """Return at most so many rows, evenly spread."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.intp)]
