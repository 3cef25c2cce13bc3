"""Budgets and deadlines."""

from __future__ import annotations

import threading
import time

import pytest

from wellfit.api._clock import Clock, parse_budget
from wellfit.records import SettingsError


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1.5h", 5400), ("1m30s", 90), (12, 12), ("0.5", 0.5)]
)
def test_budgets_are_read(text: str | float, seconds: float) -> None:
    """Numbers are seconds; s, m and h may be combined."""
    assert parse_budget(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "0", "5 parsecs", "nan", "m5"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """The error says what a budget looks like."""
    with pytest.raises(SettingsError, match="5m"):
        parse_budget(text)


def test_a_stop_ends_everything_at_once() -> None:
    """After a stop request every deadline is past, however far away it is."""
    stop = threading.Event()
    clock = Clock(1e6, stop=stop)
    assert not clock.is_past(1e5)
    stop.set()
    assert clock.interrupted
    assert clock.is_past(1e5)


def test_the_budget_counts_from_the_given_start() -> None:
    """A command that has run for a while has less left."""
    clock = Clock(100, began=time.monotonic() - 1000)
    assert clock.left_s < 0
    assert clock.is_past(100)
