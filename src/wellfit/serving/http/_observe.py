"""The one place where batches can be counted for monitoring, off the way of requests."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

from wellfit.serving._rows import Array, Cells
from wellfit.serving.http._batch import Rows
from wellfit.serving.http._model import Model

Observer = Callable[[Model, "Cells | dict[str, Array]", Array], None]
"""Called with the network, the rows of one request, and what was predicted for them."""

_MOST = 10_000


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
        self._waiting: queue.Queue[tuple[Model, Rows, Array] | None] = queue.Queue(_MOST)
        self.num_dropped = 0
        self._thread = threading.Thread(target=self._work, name="wellfit-observe", daemon=True)
        self._thread.start()

    def __call__(self, model: Model, parts: Sequence[Rows], values: Array) -> None:
        """Take note of a batch."""
        start = 0
        for part in parts:
            try:
                self._waiting.put_nowait((model, part, values[start : start + part.count]))
            except queue.Full:
                self.num_dropped += 1
            start += part.count

    def wait(self) -> None:
        """Wait until what came so far was counted."""
        self._waiting.join()

    def close(self) -> None:
        """Wait until everything was counted."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (one := self._waiting.get()) is not None:
            model, rows, values = one
            for observer in self._observers:
                try:
                    observer(model, rows.values, values)
                except Exception:
                    self.num_dropped += 1
            self._waiting.task_done()
