"""The worker's side: load the network on JAX, then answer calls until the pipe closes.

Started by `_worker` as ``python -m wellfit.population._worker_process``; never imported.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import queue
import signal
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from wellfit.models import model_from_bytes, network_function, setup_from_plain
from wellfit.population._device import enable_compilation_cache
from wellfit.population._messages import receive, send
from wellfit.population._population import Population
from wellfit.population._run import Run
from wellfit.records import RunningCurves, WellfitError, WorkerError

_WATCHED = ("train", "advance")  # calls that report progress and can be stopped


def main() -> None:
    """Answer calls on standard input, on what was standard output."""
    # The process that asked decides when to stop; Ctrl-C reaches it as well.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    inbound, outbound = _take_over_streams()
    calls: queue.Queue[Any] = queue.Queue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(inbound, calls, stop), daemon=True).start()
    try:
        worker = _Worker(_population(calls.get()), outbound, stop)
    except Exception as error:
        send(outbound, ("error", _sendable(error)))
        return
    send(outbound, ("result", None))
    while True:
        worker.answer(*calls.get())


class _Worker:
    def __init__(self, population: Population, outbound: BinaryIO, stop: threading.Event) -> None:
        self._population, self._outbound, self._stop = population, outbound, stop
        self._runs: dict[int, Run] = {}
        self._next = 0

    def answer(self, target: int | None, method: str, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        """Call a method of the population, or of one of its runs, and send what it returns."""
        try:
            if method == "drop" and target is not None:
                reply = ("result", self._runs.pop(target, None) and None)
            else:
                reply = self._called(target, method, args, options)
        except Exception as error:
            reply = ("error", _sendable(error))
        send(self._outbound, reply)

    def _called(
        self, target: int | None, method: str, args: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[str, Any]:
        found = getattr(self._population if target is None else self._runs[target], method)
        if method in _WATCHED:
            options = options | {"progress": self._progress, "should_stop": self._stop.is_set}
            if options.get("watch"):
                options["watch"] = self._watch
            else:
                options.pop("watch", None)
        value = found(*args, **options) if callable(found) else found
        if not isinstance(value, Run):
            return "result", value
        self._next += 1
        self._runs[self._next] = value
        return "result", self._next

    def _progress(self, done: int, total: int) -> None:
        send(self._outbound, ("progress", (done, total)))

    def _watch(self, curves: RunningCurves) -> None:
        send(self._outbound, ("curves", curves))


def _population(job: dict[str, Any]) -> Population:
    if job["cache"]:
        enable_compilation_cache(Path(job["cache"]))
    for module in job["modules"]:
        importlib.import_module(module)
    network = network_function(model_from_bytes(job["model"]), kept=job["kept"])
    return Population(network, setup_from_plain(job["setup"]), **job["options"])


def _listen(inbound: BinaryIO, calls: queue.Queue[Any], stop: threading.Event) -> None:
    with contextlib.suppress(EOFError, OSError):
        while True:
            message = receive(inbound)
            if message == "stop":
                stop.set()
            else:
                stop.clear()  # here, where the order of messages is still known
                calls.put(message)
    os._exit(0)  # nobody is left to answer


def _take_over_streams() -> tuple[BinaryIO, BinaryIO]:
    """Keep both pipes for messages; whatever prints goes to standard error."""
    inbound, outbound = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_RDONLY)
    os.dup2(silence, 0)
    os.dup2(2, 1)
    return inbound, outbound


def _sendable(error: Exception) -> WellfitError:
    if isinstance(error, WellfitError):
        return error
    return WorkerError(
        f"the worker process failed: {type(error).__name__}: {error}",
        received="".join(traceback.format_exception(error)).strip(),
    )


if __name__ == "__main__":
    main()
