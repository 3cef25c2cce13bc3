"""Time left, and whether somebody asked to stop: the two reasons to end a study early."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

from wellfit.records import SettingsError

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_budget(budget: str | float) -> float:
    """Return a budget in seconds.

    Args:
        budget: seconds as a number, or text such as ``90s``, ``5m``, ``1.5h`` or ``1m30s``.

    Raises:
        SettingsError: if it is not a positive time.

    Example:
        >>> parse_budget("1m30s")
        90.0
    """
    text = str(budget).strip().lower().replace(" ", "")
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not parts or "".join(a + b for a, b in parts) != text:
        raise _bad_budget(budget)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not seconds > 0:
        raise _bad_budget(budget)
    return seconds


def _bad_budget(budget: object) -> SettingsError:
    return SettingsError(
        "the budget is not a time.",
        received=f"budget={budget!r}",
        expected="a positive number of seconds, or text such as '90s', '5m' or '1h'",
        fix="for example: --budget 5m",
    )


class Clock:
    """A deadline and a stop request; time is monotonic, so that a clock that is set anew changes nothing.

    What a study decides by it goes through `elapsed_s`, `left_s`, `interrupted` and `is_past`, which a study
    that is done again answers as it did the first time (see `Replay`). What is only shown reads `shown_s`.

    Args:
        budget_s: seconds in all, counted from `began`.
        began: a value of `time.monotonic`; now if None.
        stop: set by whoever wants the study to end (a signal handler); None for nobody.
    """

    def __init__(
        self, budget_s: float, *, began: float | None = None, stop: threading.Event | None = None
    ) -> None:
        self.budget_s = budget_s
        self._began = time.monotonic() if began is None else began
        self._stop = stop or threading.Event()
        self._reading: Callable[[Callable[[], Any]], Any] = _as_it_is

    def read_through(self, reading: Callable[[Callable[[], Any]], Any]) -> None:
        """Let what is decided by be read through a function, which may know what it was the first time."""
        self._reading = reading

    def set(self, elapsed_s: float) -> None:
        """Go on as if so many seconds had passed since the start."""
        self._began = time.monotonic() - elapsed_s

    @property
    def shown_s(self) -> float:
        """Seconds since the start, to be shown; nothing is decided by them."""
        return time.monotonic() - self._began

    @property
    def was_stopped(self) -> bool:
        """Whether somebody asked to stop, in this process; nothing is decided by it."""
        return self._stop.is_set()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return self._reading(lambda: self.shown_s)

    @property
    def left_s(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.budget_s - self.elapsed_s

    @property
    def interrupted(self) -> bool:
        """Whether somebody asked to stop."""
        return self._reading(self._stop.is_set)

    def is_past(self, elapsed_s: float) -> bool:
        """Return whether work that may last until `elapsed_s` since the start must end now."""
        return self.interrupted or self.elapsed_s >= elapsed_s


def _as_it_is(reading: Callable[[], Any]) -> Any:
    return reading()
