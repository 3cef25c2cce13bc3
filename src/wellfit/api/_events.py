"""What a study tells while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wellfit.records import RunningCurves


@dataclass(frozen=True, kw_only=True)
class Event:
    """One step of progress.

    Attributes:
        stage: prepare, baseline, screen, search, confirm or final.
        done: members finished in this stage.
        total: members of this stage, 0 if unknown.
        message: something to show once, such as a note on the data; may be empty.
        baseline: score of the baseline so far, None before it is known.
        best: best score so far in the study's metric, None before there is one.
        metric: name of the metric.
        elapsed_s: seconds since the start.
        left_s: seconds of the budget that are left.
        curves: losses by epoch of what trains now; None where there is nothing new to see.
    """

    stage: str
    done: int = 0
    total: int = 0
    message: str = ""
    baseline: float | None = None
    best: float | None = None
    metric: str = ""
    elapsed_s: float = 0.0
    left_s: float = 0.0
    curves: RunningCurves | None = None


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Do nothing with an event."""
