"""Run the population in a process of its own, on JAX, whatever backend this process is on."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Collection, Sequence
from typing import Any, BinaryIO

import jax

from wellfit.models import Model, TrainingSetup, custom_modules, model_to_bytes, setup_to_plain
from wellfit.population._executor import MemberRun, Progress
from wellfit.population._messages import receive, send
from wellfit.population._running_curves import Watch
from wellfit.records import Curves, Dataset, Members, Split, WorkerError

Array = Any

_POLL_S = 0.1  # how often a caller's `should_stop` is asked while the worker is busy


class WorkerExecutor:
    """Trains members in a worker process; see `Executor` for the methods.

    The worker is started with Python's own module runner and not by forking or by running the caller's
    script again, so that no ``if __name__ == "__main__"`` guard is needed and no thread or device of this
    process is inherited. If it dies, the call that waits for it fails with `WorkerError`, what earlier
    calls returned is not touched, and the next call starts a new worker.

    Args:
        model: the network, on any backend.
        setup: its loss and optimizer.
        dataset: the rows.
        splits: which rows are for training and validation.
        kept: see `network_function`.
        options: further arguments of `Population`.
    """

    name = "worker"

    def __init__(
        self,
        model: Model,
        setup: TrainingSetup,
        dataset: Dataset,
        splits: Sequence[Split],
        *,
        kept: Collection[int] | None = None,
        **options: Any,
    ) -> None:
        config: Any = jax.config
        self._job = {
            "model": model_to_bytes(model),
            "modules": custom_modules(model),
            "setup": setup_to_plain(setup),
            "kept": None if kept is None else tuple(kept),
            "options": {"dataset": dataset, "splits": list(splits), **options},
            "cache": config.jax_compilation_cache_dir,
        }
        self._process: _Process | None = None

    @property
    def compile_s(self) -> float:
        """Seconds that the present worker has spent on compiling; 0 where it has died."""
        if self._process is None or not self._process.alive:
            return 0.0
        return float(self._process.call(None, "compile_s"))

    def start(
        self,
        members: Members,
        *,
        weights: Sequence[Array] | None = None,
        shuffle: bool = True,
        block_size: int | None = None,
    ) -> MemberRun:
        """Return a run in the worker; it is lost if the worker dies."""
        process = self._running()
        options = {"weights": weights, "shuffle": shuffle, "block_size": block_size}
        return _RemoteRun(process, process.call(None, "start", members, **options))

    def train(
        self,
        members: Members,
        *,
        weights: Sequence[Array] | None = None,
        shuffle: bool = True,
        keep_weights: bool = True,
        progress: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Curves:
        """Train members to their end in the worker."""
        options = {"weights": weights, "shuffle": shuffle, "keep_weights": keep_weights}
        return self._running().watched(None, "train", members, progress=progress, stop=should_stop, **options)

    def predict(
        self,
        curves_or_weights: Curves | Sequence[Array],
        members: Members,
        rows: Array,
        *,
        inputs: Sequence[Array] | None = None,
    ) -> Array:
        """Return what `Population.predict` returns."""
        found = curves_or_weights
        weights = found.weights if isinstance(found, Curves) else tuple(found)
        return self._running().call(None, "predict", weights, members, rows, inputs=inputs)

    def close(self) -> None:
        """End the worker."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def __enter__(self) -> WorkerExecutor:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def _running(self) -> _Process:
        if self._process is None or not self._process.alive:
            self.close()
            process = _Process()
            try:
                process.begin(self._job)
            except BaseException:
                process.close()
                raise
            self._process = process
        return self._process


class _RemoteRun:
    """A `Run` that lives in the worker."""

    def __init__(self, process: _Process, number: int) -> None:
        self._process, self._number = process, number
        weakref.finalize(self, process.forget, number)

    @property
    def running(self) -> Array:
        return self._process.call(self._number, "running")

    def advance(
        self,
        epochs: int | None = None,
        *,
        progress: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
        watch: Watch | None = None,
    ) -> None:
        # Whether anybody watches goes to the worker; who it is stays here.
        options = {"progress": progress, "stop": should_stop, "watcher": watch, "watch": watch is not None}
        self._process.watched(self._number, "advance", epochs, **options)

    def keep(self, members: Sequence[int] | Array) -> None:
        self._process.call(self._number, "keep", members)

    def curves(self, *, keep_weights: bool = True) -> Curves:
        return self._process.call(self._number, "curves", keep_weights=keep_weights)


class _Process:
    """One worker process and the messages to and from it."""

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "wellfit.population._worker_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_environment(),
        )
        self._replies: queue.Queue[Any] = queue.Queue()
        self._forgotten: list[int] = []
        self._last_lines: list[str] = []
        self._end = weakref.finalize(self, _end, self._process, self._errors)
        threading.Thread(target=_listen, args=(self._process.stdout, self._replies), daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def begin(self, job: dict[str, Any]) -> None:
        """Hand over network and data, and wait until the worker is ready."""
        self._send(job)
        kind, value = self._reply(None, None)
        if kind == "error":
            raise value

    def call(self, target: int | None, method: str, *args: Any, **options: Any) -> Any:
        """Call a method of the worker's population (or of a run of it) and return its value."""
        return self.watched(target, method, *args, progress=None, stop=None, **options)

    def watched(
        self,
        target: int | None,
        method: str,
        *args: Any,
        progress: Progress | None,
        stop: Callable[[], bool] | None,
        watcher: Watch | None = None,
        **options: Any,
    ) -> Any:
        """Do as `call`, pass progress and curves on, and let the worker know when to stop."""
        while self._forgotten:
            self._send((self._forgotten.pop(), "drop", (), {}))
            self._reply(None, None)
        self._send((target, method, args, options))
        answered = False
        try:
            kind, value = self._reply(progress, stop, watcher)
            answered = True
        finally:
            # Interrupted, or the caller's own function failed: nobody would match the answer to its call.
            if not answered:
                self.close()
        if kind == "error":
            raise value
        return value

    def forget(self, run: int) -> None:
        """Let go of a run at the next call; this may be called while another call waits."""
        self._forgotten.append(run)

    def close(self) -> None:
        """End the process."""
        self._end()

    def _send(self, message: Any) -> None:
        stream: Any = self._process.stdin
        try:
            send(stream, message)
        except (OSError, ValueError):  # a pipe that broke, or that was closed after an earlier failure
            raise self._died() from None

    def _reply(
        self, progress: Progress | None, stop: Callable[[], bool] | None, watcher: Watch | None = None
    ) -> tuple[str, Any]:
        """Return ``result`` or ``error`` and what came with it."""
        asked = False
        value: Any
        while True:
            try:
                kind, value = self._replies.get(timeout=_POLL_S if stop and not asked else None)
            except queue.Empty:
                kind, value = "nothing", ()
            if kind in ("result", "error"):
                return kind, value
            if kind == "end":
                self._replies.put((kind, value))
                raise self._died()
            if kind == "curves" and watcher:
                watcher(value)
            if kind == "progress" and progress:
                progress(*value)
            if stop and not asked and stop():
                asked = True
                self._send("stop")

    def _died(self) -> WorkerError:
        code = self._process.wait()
        if not self._errors.closed:
            self._errors.seek(0)
            text = self._errors.read().decode(errors="replace")
            self._last_lines = text.strip().splitlines()[-3:]
        how = f"signal {-code}" if code < 0 else f"exit status {code}"
        return WorkerError(
            f"the worker process ended without an answer, with {how}.",
            received=" | ".join(self._last_lines) or "nothing on its standard error",
            expected="a process that runs until it is closed",
            fix="repeat the call; use fewer members at once if memory ran out",
        )


def _listen(stream: BinaryIO, replies: queue.Queue[Any]) -> None:
    try:
        while True:
            replies.put(receive(stream))
    except (EOFError, OSError, ValueError):
        replies.put(("end", None))


def _end(process: subprocess.Popen[bytes], errors: Any) -> None:
    """Close the pipe, which ends the worker; kill it if it does not listen."""
    with contextlib.suppress(OSError):
        process.stdin.close()  # type: ignore[union-attr]
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()  # type: ignore[union-attr]
    errors.close()


def _environment() -> dict[str, str]:
    """Return the worker's environment: JAX, the same modules, and no claim on all of a device's memory."""
    return {
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        **os.environ,
        "KERAS_BACKEND": "jax",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
