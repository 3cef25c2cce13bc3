"""What comes out of an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.records import RESULTS, Curves

Array = NDArray[Any]
MeanCurve = tuple[Array, Array, int, Array]
"""Mean training and validation loss ``[epoch]``, the median best epoch, and the mean penalty ``[epoch]``."""

_ENDED = (RESULTS.finished, RESULTS.early_stopped, RESULTS.nonfinite)


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """Settings on trials.

    Attributes:
        scores: ``[setting, trial]`` in the metric; NaN where a run diverged or did not finish, or where the
            metric is not defined on the scored rows.
        finished: ``[setting, trial]`` whether it trained to its end.
        diverged: ``[setting, trial]`` whether its loss was not finite.
        curves: one for each setting.
        temperatures: ``[setting, trial]`` factors on the logits that scores were taken with; NaN for none.
        duration_s: seconds of training, compiling excluded.
    """

    scores: Array
    finished: Array
    diverged: Array
    curves: tuple[MeanCurve, ...]
    temperatures: Array
    duration_s: float

    def part(self, settings: slice) -> Measured:
        """Return what belongs to some of the settings."""
        return replace(
            self,
            scores=self.scores[settings],
            finished=self.finished[settings],
            diverged=self.diverged[settings],
            curves=self.curves[settings],
            temperatures=self.temperatures[settings],
        )

    @property
    def complete(self) -> Array:
        """``[setting]`` whether all its runs finished."""
        return np.all(self.finished, axis=1).reshape(-1)


class Collector:
    """Gathers the runs of an experiment as they come in.

    Args:
        num_settings: rows of the tables.
        num_trials: columns of the tables.
    """

    def __init__(self, num_settings: int, num_trials: int) -> None:
        self._scores = np.full((num_settings, num_trials), np.nan)
        self._temperatures = np.full((num_settings, num_trials), np.nan)
        self._results = np.full((num_settings, num_trials), -1)
        self._curves: dict[tuple[int, int], MeanCurve] = {}

    def add(
        self, jobs: Sequence[tuple[int, int]], curves: Curves, scores: Array, temperatures: Array
    ) -> None:
        """Take in the members of one run: their (setting, trial), curves, scores and temperatures."""
        for index, job in enumerate(jobs):
            self._scores[job], self._temperatures[job] = scores[index], temperatures[index]
            self._results[job] = curves.results[index]
            best = int(curves.best_epoch[index])
            losses = curves.train_loss[index], curves.validation_loss[index]
            self._curves[job] = (*losses, best, curves.penalty[index])

    def measured(self, duration_s: float) -> Measured:
        """Return what has come in."""
        of_setting: list[list[MeanCurve]] = [[] for _ in self._scores]
        for (setting, _), curve in sorted(self._curves.items(), key=lambda item: item[0]):
            of_setting[setting].append(curve)
        return Measured(
            scores=self._scores,
            finished=np.isin(self._results, _ENDED),
            diverged=self._results == RESULTS.nonfinite,
            curves=tuple(_mean_curves(curves) for curves in of_setting),
            temperatures=self._temperatures,
            duration_s=duration_s,
        )


def _mean_curves(curves: Sequence[MeanCurve]) -> MeanCurve:
    if not curves:
        return np.zeros(0, np.float32), np.zeros(0, np.float32), -1, np.zeros(0, np.float32)
    train = _mean([train for train, *_ in curves])
    validation = _mean([validation for _, validation, *_ in curves])
    penalty = _mean([penalty for *_, penalty in curves])
    trained = np.isfinite(train)
    length = int(trained.nonzero()[0].max(initial=-1)) + 1
    best = int(np.median([curve[2] for curve in curves]))
    return train[:length], validation[:length], best, penalty[:length]


def _mean(curves: Sequence[Array]) -> Array:
    """Return the mean curve, as long as most runs still train: the few that go on longest are a choice."""
    table = np.full((len(curves), max(len(curve) for curve in curves)), np.nan, np.float32)
    for row, curve in enumerate(curves):
        table[row, : len(curve)] = curve
    known = np.isfinite(table)
    count = known.sum(axis=0)
    total = np.where(known, table, 0.0).sum(axis=0)
    return np.where(count * 2 > len(curves), total / np.maximum(count, 1), np.nan).astype(np.float32)
