"""Rows to learn from whose label networks doubt that had not learned from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._out_of_fold import OutOfFold
from wellfit.api._subject import Subject
from wellfit.evaluation import unlikely_labels

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Doubted:
    """Labels in doubt.

    Attributes:
        rows: ``[row]`` of the data set, the most doubtful first.
        said: ``[row, class]`` mean probabilities of these rows.
        num_judged: rows that were looked at.
    """

    rows: Array
    said: Array
    num_judged: int


def doubted_labels(subject: Subject, judged: OutOfFold) -> Doubted | None:
    """Return the labels in doubt; None where no row to learn from was judged."""
    rows = np.intersect1d(judged.rows, subject.working)
    if not len(rows):
        return None
    said = judged.mean(rows)
    target: Array = subject.dataset.target[rows]
    doubted = np.flatnonzero(unlikely_labels(said, target))
    own = said[np.arange(len(rows)), target]
    order = doubted[np.argsort((own - said.max(axis=1))[doubted], kind="stable")]
    return Doubted(rows=rows[order], said=said[order], num_judged=len(rows))
