"""The one place where batches can be counted for monitoring, off the way of requests."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from wellfit.serving._rows import Array, Cells
from wellfit.serving.http._batch import Rows
from wellfit.serving.http._model import Model

Observer = Callable[[Model, "Cells | dict[str, Array]", Array], None]
"""Called with the network, the rows of one request, and what was predicted for them."""

_MOST = 10_000
_EVERY_S = 0.25
"""Seconds between two looks: a thread that woke for each request would hold up the next ones."""


class Observing:
    """Hands rows and predictions to observers, in a thread of its own.

    Requests never wait for them: what comes quicker than they count is left out, and that is counted.

    Args:
        observers: what counts; an error of theirs is dropped with the rows, and counted.

    Attributes:
        num_dropped: requests that were left out.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers
        self._waiting: deque[tuple[Model, Rows, Array]] = deque()
        self.num_dropped = 0
        self._lock = threading.Lock()
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="wellfit-observe", daemon=True)
        self._thread.start()

    def __call__(self, model: Model, parts: Sequence[Rows], values: Array) -> None:
        """Take note of a batch."""
        start = 0
        for part in parts:
            if len(self._waiting) < _MOST:
                self._waiting.append((model, part, values[start : start + part.count]))
            else:
                self.num_dropped += 1
            start += part.count

    def wait(self) -> None:
        """Return once all that came so far was counted."""
        with self._lock:
            for _ in range(len(self._waiting)):
                self._tell(*self._waiting.popleft())

    def close(self) -> None:
        """Count what is left, and end."""
        self._has_ended.set()
        self._thread.join()
        self.wait()

    def _work(self) -> None:
        while not self._has_ended.wait(_EVERY_S):
            self.wait()

    def _tell(self, model: Model, rows: Rows, values: Array) -> None:
        for observer in self._observers:
            try:
                observer(model, rows.values, values)
            except Exception:
                self.num_dropped += 1
