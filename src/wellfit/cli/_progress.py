"""Live progress on stderr: one line for each stage that is over, two lines for the one that runs."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from wellfit import Event

WIDEST = 100
_STAGE_CELLS = 9
_SOON_S = 2.0  # what is over sooner needs no clock
STAGES = {
    "prepare": "reading the table, building the network",
    "baseline": "the network as it is",
    "screen": "each remedy alone, paired with the baseline",
    "search": "combinations of remedies",
    "confirm": "the finalists on fresh splits and seeds",
    "final": "training the chosen network, judging it on the holdout",
}
# Scores of later stages are on other splits, and are told by the report with their intervals.
SCORED = ("baseline", "screen", "search")


class Progress:
    """Shows events while it is entered; silent where stderr is not a terminal.

    Args:
        console: where to draw; a console on stderr if None.
        stages: what each stage does, in a few words; the first one is under way from the start.
    """

    def __init__(self, console: Console | None = None, stages: Mapping[str, str] = STAGES) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self.console.width = min(self.console.width, WIDEST)
        self.is_shown = self.console.is_terminal and not self.console.is_dumb_terminal
        self._lock = threading.Lock()
        self._stages = stages
        self._stage = next(iter(stages))
        self._event: Event | None = None
        self._received_s = self._stage_began_s = time.monotonic()
        self._live = Live(
            console=self.console, get_renderable=self._draw, refresh_per_second=5, transient=True
        )

    def __enter__(self) -> Progress:
        if self.is_shown:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._end_stage()
        self.close()

    def __call__(self, event: Event) -> None:
        """Take an event; may be called from any thread."""
        with self._lock:
            if event.stage != self._stage:
                self._end_stage()
                self._stage = event.stage
            self._event, self._received_s = event, time.monotonic()
        if event.message:
            self.say(event.message)

    def say(self, message: str) -> None:
        """Print a line above the display, if there is one."""
        if self.is_shown:
            self.console.print(escape(_printable(message)))

    def close(self) -> None:
        """Take the display away and give the cursor back."""
        if self.is_shown:
            self._live.stop()

    def _end_stage(self) -> None:
        """Leave a line for the stage that is over."""
        now_s, event = time.monotonic(), self._event
        parts = [f"{self._stage:<{_STAGE_CELLS}}{now_s - self._stage_began_s:6.1f} s"]
        self._stage_began_s, self._event = now_s, None
        if event is not None and event.done:
            parts.append(f"{event.done:,} runs")
        if event is not None and event.stage in SCORED:
            parts += _scores(event)[-1:]
        self.say("  ".join(parts))

    def _draw(self) -> RenderableType:
        event = self._event
        if event is None:
            doing = f"{self._stage:<{_STAGE_CELLS}} {self._stages.get(self._stage, '')}"
            since_s = time.monotonic() - self._stage_began_s
            return _between(doing, f"{clock_text(since_s)} so far" if since_s >= _SOON_S else "")
        return Group(self._first_line(event), self._second_line(event))

    def _first_line(self, event: Event) -> RenderableType:
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(width=_STAGE_CELLS)
        line.add_column(ratio=1, no_wrap=True)
        line.add_column(justify="right", no_wrap=True)
        if event.total:
            middle: RenderableType = ProgressBar(total=event.total, completed=min(event.done, event.total))
            right = f"{event.done:,} of {event.total:,} runs"
        else:
            middle, right = Text(""), ""
        line.add_row(Text(event.stage, style="bold"), middle, right)
        return line

    def _second_line(self, event: Event) -> RenderableType:
        told = "  ".join(_scores(event)) or self._stages.get(event.stage, "")
        return _between(" " * (_STAGE_CELLS + 1) + told, self._time(event))

    def _time(self, event: Event) -> str:
        """Return the time left, or the time spent where there is no budget."""
        since_s = time.monotonic() - self._received_s
        if event.left_s and math.isfinite(event.left_s):
            return f"{clock_text(event.left_s - since_s)} left"
        return f"{clock_text(event.elapsed_s + since_s)} so far"


def _between(left: str, right: str) -> RenderableType:
    """Return a line with one text at each end; the left one is cut where there is no room."""
    line = Table.grid(padding=(0, 1), expand=True)
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    line.add_column(justify="right", no_wrap=True)
    line.add_row(Text(left), right)
    return line


def _scores(event: Event) -> list[str]:
    """Return such as ``log_loss: baseline 0.4312``, ``best so far 0.4187``."""
    if event.baseline is None or event.stage not in SCORED:
        return []
    scores = [f"{event.metric}: baseline {event.baseline:.4g}"]
    if event.best is not None and event.stage != "baseline":
        scores.append(f"best so far {event.best:.4g}")
    return scores


def clock_text(seconds: float) -> str:
    """Return minutes and seconds, hours where there are any; nothing below zero.

    Example:
        >>> clock_text(75.2), clock_text(-3), clock_text(7205)
        ('1:15', '0:00', '2:00:05')
    """
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
