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

Array = NDArray[Any]


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

    def say(self, done: int = 0, total: int = 0, message: str = "") -> None:
        """Send an event of the current stage."""
        self.listener(
            Event(
                stage=self.stage,
                done=done,
                total=total,
                message=message,
                baseline=self.baseline,
                best=self.best,
                metric=self.subject.metric.name,
                elapsed_s=self.clock.elapsed_s,
                left_s=self.clock.left_s,
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
