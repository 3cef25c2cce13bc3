"""The one place where batches can be counted for monitoring, off the way of requests."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

from wellfit.serving._rows import Array, Cells
from wellfit.serving.http._batch import Rows
from wellfit.serving.http._model import Model

Observer = Callable[[str, str, "Cells | dict[str, Array]", Array], None]
"""Called with name, version, the rows of one request, and what was predicted for them."""

_MOST = 10_000


class Observing:
    """Hands rows and predictions to an observer, in a thread of its own.

    Requests never wait for it: where it is slower than they come, what is too much is left out and counted.

    Args:
        observer: what counts; an error of its own is dropped with the rows, and counted.

    Attributes:
        num_dropped: requests that were left out.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
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

    def close(self) -> None:
        """Wait until everything was counted."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (one := self._waiting.get()) is not None:
            model, rows, values = one
            try:
                self._observer(model.name, model.version, rows.values, values)
            except Exception:
                self.num_dropped += 1
