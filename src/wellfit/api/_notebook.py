"""One line of progress under the cell that runs, where Python is the kernel of a notebook."""

from __future__ import annotations

import html
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from wellfit.api._events import Event, Listener, ignore

_REFRESH_S = 0.2
_SCORED = ("baseline", "screen", "search")  # scores of later stages are on other splits


@contextmanager
def progress_for(listener: Listener | None) -> Iterator[Listener]:
    """Yield the given listener; for None a line of progress in a notebook, and silence elsewhere."""
    if listener is not None or not in_notebook():
        yield listener or ignore
        return
    line = NotebookLine()
    try:
        yield line
    finally:
        line.close()


def in_notebook() -> bool:
    """Return whether IPython runs as a kernel; it is never imported for that.

    Example:
        >>> in_notebook()
        False
    """
    shell_of = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return getattr(shell_of() if shell_of else None, "kernel", None) is not None


class NotebookLine:
    """A listener that shows the last event in one line of a cell's output, and messages below it."""

    def __init__(self) -> None:
        self._event = Event(stage="prepare")
        self._messages: list[str] = []
        self._shown_s = 0.0
        self._is_over = False
        # The kernel has loaded it: this finds the module that is there.
        display = import_module("IPython.display").display
        self._handle: Any = display(self, display_id=True)

    def __call__(self, event: Event) -> None:
        """Take an event, and show it unless the last one was shown a moment ago."""
        is_new = bool(event.message) or event.stage != self._event.stage
        if event.message:
            self._messages.append(event.message)
        self._event = event
        if is_new or event.elapsed_s - self._shown_s >= _REFRESH_S:
            self._shown_s = event.elapsed_s
            self._handle.update(self)

    def close(self) -> None:
        """Show the last state, without a bar."""
        self._is_over = True
        self._handle.update(self)

    def __repr__(self) -> str:
        return "\n".join([self._line(), *self._messages])

    def _repr_html_(self) -> str:
        event = self._event
        numbers = f' value="{event.done}" max="{event.total}"' if event.total else ""
        bar = (
            ""
            if self._is_over
            else f'<progress{numbers} aria-label="{html.escape(event.stage)}"></progress> '
        )
        notes = "".join(f"<br>{html.escape(message)}" for message in self._messages)
        return (
            f'<div style="font-variant-numeric: tabular-nums">{bar}{html.escape(self._line())}{notes}</div>'
        )

    def _line(self) -> str:
        event = self._event
        parts = ["wellfit: ended" if self._is_over else f"wellfit: {event.stage}"]
        if event.total and not self._is_over:
            parts.append(f"{event.done:,} of {event.total:,} runs")
        if event.baseline is not None and (event.stage in _SCORED or self._is_over):
            parts.append(f"{event.metric} of the baseline {event.baseline:.4g}")
            if event.best is not None and event.stage in _SCORED and event.stage != "baseline":
                parts.append(f"best so far {event.best:.4g}")
        parts.append(self._time())
        return ", ".join(parts)

    def _time(self) -> str:
        event = self._event
        if event.left_s and math.isfinite(event.left_s) and not self._is_over:
            return f"{clock_text(event.left_s)} left"
        return (
            f"{clock_text(event.elapsed_s)} in all"
            if self._is_over
            else f"{clock_text(event.elapsed_s)} so far"
        )


def clock_text(seconds: float) -> str:
    """Return minutes and seconds.

    Example:
        >>> clock_text(75.2), clock_text(-3), clock_text(7205)
        ('1:15', '0:00', '120:05')
    """
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{rest:02}"
