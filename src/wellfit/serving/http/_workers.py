"""Several workers at one port: each a process with a socket of its own, among which the system shares out.

The parent holds every socket: while a worker that died is started again, who connects waits.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType

from prometheus_client.multiprocess import mark_process_dead

from wellfit.records import SettingsError, WellfitError, WorkerError
from wellfit.serving.http._metrics import FOLDER
from wellfit.serving.http._server import Serving, listening, run_worker
from wellfit.serving.http._shared_windows import forget_worker

_UNUSABLE = 2
_PAUSE_S = 1.0
_PATIENCE_S = 5.0


def num_cores() -> int:
    """Return how many cores this process may use: those it may run on, within the quota of its container."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(count, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no such file, or "max"
        return count


def serve(serving: Serving, *, num_workers: int = 1, say: Callable[[str], None] = print) -> None:
    """Serve until SIGTERM or Ctrl-C; then answer what was asked, and return.

    Args:
        serving: what, and how.
        num_workers: processes.
        say: called with lines for the person.

    Raises:
        SettingsError: nothing can listen there.
        WellfitError: a bundle cannot be served.
        WorkerError: a worker ended before it was ready.
    """
    if num_workers > 1 and not sys.platform.startswith("linux"):
        raise SettingsError(
            "several workers need Linux.",
            received=f"--workers {num_workers} on {sys.platform}",
            fix="--workers 1",
        )
    listeners = listening(serving.host, serving.port, num_workers)
    host = f"[{serving.host}]" if ":" in serving.host else serving.host
    address = f"http://{host}:{listeners[0].getsockname()[1]}"
    if num_workers == 1:
        run_worker(serving, listeners[0], say=say, ready=lambda: say(f"Serving at {address}"))
        return
    metrics = tempfile.mkdtemp(prefix="wellfit-metrics-")
    os.environ[FOLDER] = metrics
    # Each holds its part of the window; together they are the last rows, as far as they are evenly asked.
    part = -(-serving.window_rows // num_workers)
    try:
        serving = replace(serving, shared=Path(metrics), window_rows=part)
        _Workers(serving, listeners, say, f"Serving at {address} with {num_workers} workers").run()
    finally:
        shutil.rmtree(metrics, ignore_errors=True)


class _Workers:
    """The parent: starts workers, starts those again that die, and ends them all."""

    def __init__(
        self, serving: Serving, listeners: list[socket.socket], say: Callable[[str], None], words: str
    ) -> None:
        self._serving, self._listeners, self._say, self._words = serving, listeners, say, words
        self._places: dict[int, int] = {}
        self._started: dict[int, float] = {}
        self._is_ending = False

    def run(self) -> None:
        """Return when all workers have ended.

        Raises:
            WorkerError: one could not begin.
        """
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, self._end)
        signal.signal(signal.SIGALRM, self._kill)
        readers = [self._start(place) for place in range(len(self._listeners))]
        failed = not all(os.read(reader, 1) for reader in readers)  # which wakes up when the worker ends, too
        for reader in readers:
            os.close(reader)
        is_asked = self._is_ending  # a signal may have come before all were ready
        if failed:
            self._end(signal.SIGTERM, None)
        else:
            self._say(self._words)
        while self._places:
            self._wait()
        if failed and not is_asked:
            raise WorkerError("a worker ended before it was ready.", fix="see what it said above")

    def _start(self, place: int) -> int:
        """Start a worker and return where it says that it is ready."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            os._exit(self._work(place, writer))
        os.close(writer)
        self._places[pid], self._started[pid] = place, time.monotonic()
        return reader

    def _work(self, place: int, writer: int) -> int:
        for one in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
            signal.signal(one, signal.SIG_DFL)
        for other, listener in enumerate(self._listeners):
            if other != place:
                listener.close()
        said = self._say if place == 0 else _silent
        try:
            run_worker(self._serving, self._listeners[place], say=said, ready=lambda: _write(writer))
        except WellfitError as error:
            if place == 0:
                print(f"Error: {error}", file=sys.stderr)
            return _UNUSABLE
        except BaseException as error:
            print(f"Error: {type(error).__name__}: {error}", file=sys.stderr)
            return 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
        return 0

    def _wait(self) -> None:
        pid, status = os.waitpid(-1, 0)
        place = self._places.pop(pid, None)
        if place is None:
            return
        mark_process_dead(pid)  # its gauges leave the sums; what it counted stays
        if self._serving.shared is not None:
            forget_worker(self._serving.shared, pid)
        if self._is_ending:
            return
        code = os.waitstatus_to_exitcode(status)
        self._say(f"A worker ended with status {code} and is started again.")
        if time.monotonic() - self._started.pop(pid) < _PATIENCE_S:
            time.sleep(_PAUSE_S)  # one that always dies must not keep the machine busy
        if not self._is_ending:
            os.close(self._start(place))

    def _end(self, sig: int, frame: FrameType | None) -> None:
        del sig, frame
        if not self._is_ending:
            patience_s = self._serving.drain_s + self._serving.drain_delay_s + _PATIENCE_S
            signal.setitimer(signal.ITIMER_REAL, patience_s)
        self._is_ending = True
        for listener in self._listeners:
            listener.close()
        for pid in list(self._places):
            os.kill(pid, signal.SIGTERM)

    def _kill(self, sig: int, frame: FrameType | None) -> None:
        del sig, frame
        for pid in list(self._places):
            os.kill(pid, signal.SIGKILL)


def _write(writer: int) -> None:
    # Of a worker that is started again nobody waits to hear that it is ready.
    with contextlib.suppress(BrokenPipeError):
        os.write(writer, b"r")
    os.close(writer)


def _silent(line: str) -> None:
    del line
