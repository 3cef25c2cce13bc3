"""What a network loses when its numbers become smaller."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellfit.evaluation import get_metric, score
from wellfit.records import Task

MAX_LOSS = 0.01
"""A reduced network keeps 99 % of the score, as MLPerf asks of one.

Source: Reddi et al., MLPerf Inference Benchmark, 2020.
"""

Array = NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class ScoreLoss:
    """Scores of a network before and after, on the same rows.

    Attributes:
        metric: its name, or "agreement" where there are no labels.
        full: score in full precision.
        reduced: score in reduced precision.
        loss: share of the full score that is lost; below 0 where the score became better.
        num_rows: on how many rows.
    """

    metric: str
    full: float
    reduced: float
    loss: float
    num_rows: int

    @property
    def sentence(self) -> str:
        """The loss in words."""
        told = f"{self.metric} {self.full:.4g} becomes {self.reduced:.4g} on {self.num_rows} rows"
        return f"{told}, a loss of {self.loss:.2%}" if self.loss > 0 else f"{told}: nothing is lost"


def score_loss(task: Task, metric: str, target: Array | None, full: Array, reduced: Array) -> ScoreLoss:
    """Return what is lost in the study's metric, or in agreement with full precision without labels.

    loss = (full - reduced) / |full| where larger is better, (reduced - full) / |full| where smaller is

    Agreement is the share of rows with the same class; for values it is 1 - RMS difference / standard
    deviation.

    Args:
        task: binary, multiclass or regression.
        metric: of the study.
        target: ``[row]`` class codes or values; None if they are not known.
        full: predictions in full precision, as for `score`.
        reduced: predictions in reduced precision.

    Example:
        >>> one = score_loss(Task.REGRESSION, "mae", np.array([0.0, 0.0]), np.ones(2), np.array([1.0, 1.5]))
        >>> one.sentence
        'mae 1 becomes 1.25 on 2 rows, a loss of 25.00%'
    """
    if not np.isfinite(reduced).all() and np.isfinite(full).all():
        return ScoreLoss(metric=metric, full=1.0, reduced=float("nan"), loss=float("inf"), num_rows=len(full))
    if target is not None:
        before, after = (score(metric, task, target, predictions) for predictions in (full, reduced))
        if np.isfinite(before) and np.isfinite(after):
            worse = before - after if get_metric(metric, task).direction == "maximize" else after - before
            share = worse / abs(before) if before else worse
            return ScoreLoss(metric=metric, full=before, reduced=after, loss=share, num_rows=len(full))
    agreement = _agreement(task, full, reduced)
    return ScoreLoss(metric="agreement", full=1.0, reduced=agreement, loss=1 - agreement, num_rows=len(full))


def _agreement(task: Task, full: Array, reduced: Array) -> float:
    if task.is_classification:
        return float(np.mean(full.argmax(axis=1) == reduced.argmax(axis=1)))
    spread = float(np.std(full)) or 1.0
    return 1 - float(np.sqrt(np.mean((full - reduced) ** 2))) / spread
