"""What a study tells while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._clock import Clock
from wellfit.api._events import Event, Listener
from wellfit.api._subject import Subject
from wellfit.records import RunningCurves

Array = NDArray[Any]

_CURVES_S, _CURVES_SHARE = 1.0, 0.005


@dataclass(kw_only=True, eq=False)
class Progress:
    """Passes events on, with the best score so far."""

    subject: Subject
    clock: Clock
    listener: Listener
    baseline: float | None = None
    best: float | None = None
    stage: str = "baseline"
    notes: list[str] = field(default_factory=list)
    _told: tuple[str, int, int] = field(default=("", 0, 0), init=False)
    _watched: tuple[str, float] = field(default=("", 0.0), init=False)

    def watch(self, curves: RunningCurves) -> None:
        """Send curves: the first of a stage, and then the less often the longer the study takes.

        A second apart at least, and so that what is told of a study of hours stays some hundred kilobytes.
        """
        stage, next_s = self._watched
        now_s = self.clock.shown_s
        if stage == self.stage and now_s < next_s:
            return
        self._watched = (self.stage, now_s + max(_CURVES_S, _CURVES_SHARE * now_s))
        told_stage, done, total = self._told
        done, total = (done, total) if told_stage == self.stage else (0, 0)
        self.say(done, total, curves=curves)

    def say(
        self, done: int = 0, total: int = 0, message: str = "", *, curves: RunningCurves | None = None
    ) -> None:
        """Send an event of the current stage."""
        self._told = (self.stage, done, total)
        self.listener(
            Event(
                stage=self.stage,
                done=done,
                total=total,
                message=message,
                baseline=self.baseline,
                best=self.best,
                metric=self.subject.metric.name,
                elapsed_s=self.clock.shown_s,
                left_s=self.clock.budget_s - self.clock.shown_s,
                curves=curves,
            )
        )

    def saw(self, scores: Array) -> None:
        """Take note of mean scores."""
        finite = scores[np.isfinite(scores)]
        if len(finite):
            lowest = self.subject.metric.direction == "minimize"
            values = [*finite, *([] if self.best is None else [self.best])]
            self.best = float(min(values) if lowest else max(values))

    def until(self, elapsed_s: float) -> Callable[[], bool]:
        """Return what asks whether that many seconds, or the budget, have passed."""
        limit = min(elapsed_s, self.clock.budget_s)
        return lambda: self.clock.is_past(limit)
