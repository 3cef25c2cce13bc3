"""A study in a thread, so that the main thread can answer signals at any time."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Generic, NoReturn, TypeVar

from wellfit.cli._status import Status

Result = TypeVar("Result")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_POLL_S = 0.1
# `timeout` and process managers send a signal to the process and to its group; a person needs longer.
_SAME_REQUEST_S = 0.5
_UNWIND_S = 1.0


class Interrupts:
    """Counts requests to stop while it is entered; the first one sets `stop`, the second is `urgent`."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.urgent = False
        self._last_s = -1.0
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # pyright: ignore[reportArgumentType]

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now_s = time.monotonic()
        is_new = now_s - self._last_s > _SAME_REQUEST_S
        self._last_s = now_s
        if self.urgent and is_new:
            os._exit(Status.FAILED)
        self.urgent = self.stop.is_set() and is_new
        self.stop.set()


class _Job(threading.Thread, Generic[Result]):
    def __init__(self, work: Callable[[], Result]) -> None:
        super().__init__(name="wellfit-study", daemon=True)
        self._work = work
        self.result: Result | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self._work()
        except BaseException as error:
            self.error = error

    def unwind(self) -> None:
        """Raise in the thread as soon as it runs Python again, so that it takes its drafts away."""
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(self.ident or 0), ctypes.py_object(SystemExit)
        )


def _end(job: _Job[Any]) -> NoReturn:
    """End the process; the job first gets a moment to take its drafts away, and no chance to complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    end_s = time.monotonic() + _UNWIND_S
    while job.is_alive() and time.monotonic() < end_s:
        # An exception that lands in a callback of the garbage collector is lost, so it is sent again.
        job.unwind()
        job.join(_POLL_S)
    os._exit(Status.FAILED)


def ignore_signals() -> None:
    """Let nothing disturb the last words of a study that was asked to stop and did."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def run_interruptible(
    work: Callable[[threading.Event], Result],
    *,
    on_stop: Callable[[], None],
    on_urgent: Callable[[], None],
) -> Result:
    """Return what ``work(stop)`` returns; SIGINT and SIGTERM set `stop`, a second one ends the process.

    Compiled code does not return to Python for seconds, so the work runs in a thread of its own.

    Args:
        work: ends soon after `stop` is set, with what it has.
        on_stop: called once after the first signal.
        on_urgent: called after the second signal, before the process ends with status 1.
    """
    with Interrupts() as interrupts:
        job = _Job(lambda: work(interrupts.stop))
        job.start()
        told = False
        while job.is_alive():
            job.join(_POLL_S)
            if interrupts.urgent:
                on_urgent()
                _end(job)
            if interrupts.stop.is_set() and not told:
                told = True
                on_stop()
    if job.error is not None:
        raise job.error
    return job.result  # pyright: ignore[reportReturnType]
