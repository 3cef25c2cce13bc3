"""What comes out of an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wellfit.records import RESULTS, Curves

Array = NDArray[Any]

_NOTHING = np.zeros(0, np.float32)
_ENDED = (RESULTS.finished, RESULTS.early_stopped, RESULTS.nonfinite)


class MeanCurve(NamedTuple):
    """Curves ``[epoch]`` of a run, or means over runs.

    Attributes:
        train_loss: on training rows.
        validation_loss: on validation rows.
        best_epoch: or the median of them.
        penalty: on weights.
        running_loss: training loss as Keras reports it; empty where that is not known.
    """

    train_loss: Array = _NOTHING
    validation_loss: Array = _NOTHING
    best_epoch: int = -1
    penalty: Array = _NOTHING
    running_loss: Array = _NOTHING


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
            self._curves[job] = MeanCurve(
                train_loss=curves.train_loss[index],
                validation_loss=curves.validation_loss[index],
                best_epoch=int(curves.best_epoch[index]),
                penalty=curves.penalty[index],
                running_loss=_NOTHING if curves.running_loss is None else curves.running_loss[index],
            )

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
        return MeanCurve()
    train = _mean([curve.train_loss for curve in curves])
    running = _mean([curve.running_loss for curve in curves])
    length = int(np.isfinite(train).nonzero()[0].max(initial=-1)) + 1
    # A mean over some of the runs would not belong to the means over all of them.
    is_known = all(len(curve.running_loss) for curve in curves) and bool(np.isfinite(running).any())
    return MeanCurve(
        train_loss=train[:length],
        validation_loss=_mean([curve.validation_loss for curve in curves])[:length],
        best_epoch=int(np.median([curve.best_epoch for curve in curves])),
        penalty=_mean([curve.penalty for curve in curves])[:length],
        running_loss=running[:length] if is_known else _NOTHING,
    )


def _mean(curves: Sequence[Array]) -> Array:
    """Return the mean curve, as long as most runs still train: the few that go on longest are a choice."""
    table = np.full((len(curves), max(len(curve) for curve in curves)), np.nan, np.float32)
    for row, curve in enumerate(curves):
        table[row, : len(curve)] = curve
    known = np.isfinite(table)
    count = known.sum(axis=0)
    total = np.where(known, table, 0.0).sum(axis=0)
    return np.where(count * 2 > len(curves), total / np.maximum(count, 1), np.nan).astype(np.float32)
