"""Rows of several requests computed together: as many as wait, and nobody waits where nobody else is."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from wellfit.serving._rows import Array, Cells
from wellfit.serving.http._limits import Limits
from wellfit.serving.http._refusal import too_many

# What takes less is computed at once: handing it to a thread and back would take about as long.
_AT_ONCE_S = 1e-3


class Rows(NamedTuple):
    """Rows of one request.

    Attributes:
        values: cells of a table, column by column; or an array for each input.
        count: how many rows.
    """

    values: Cells | dict[str, Array]
    count: int


Compute = Callable[[Sequence[Rows]], Array]
Told = Callable[[Sequence[Rows], Array, float], None]


@dataclass(frozen=True, kw_only=True)
class Speed:
    """How long a batch takes, as measured when the network was warmed up.

    Attributes:
        call_s: seconds of a call, whatever it holds.
        row_s: seconds of a row.
    """

    call_s: float
    row_s: float

    def expected_s(self, count: int) -> float:
        """Return seconds of a batch of `count` rows."""
        return self.call_s + self.row_s * count

    def rows_within(self, seconds: float, most: int) -> int:
        """Return how many rows a batch may hold to end in time: at least one, at most `most`.

        Example:
            >>> Speed(call_s=0.001, row_s=0.0001).rows_within(0.021, 256)
            200
        """
        if self.row_s <= 0:
            return most
        return max(1, min(most, round((seconds - self.call_s) / self.row_s)))


class Batcher:
    """Computes what waits, one batch after the other; lives in one event loop.

    A batch is what has come while the one before was computed, up to a number of rows that is computed
    within ``Limits.batch_ms``. Where nothing is being computed, a request is computed with those that were
    read from their connections in the same turn of the event loop, and waits for no other.

    Args:
        compute: from rows of several requests to ``[row, output]``.
        speed: of it.
        limits: how many may wait, and what a batch may hold.
        threads: where batches that take long are computed.
        told: called in the event loop with each batch, its output and its seconds, after those who wait for
            it have gone on.
    """

    def __init__(
        self, compute: Compute, speed: Speed, limits: Limits, threads: Executor, told: Told | None = None
    ) -> None:
        self._compute, self._speed, self._threads, self._told = compute, speed, threads, told
        self._queue = limits.queue
        self.batch_rows = speed.rows_within(limits.batch_ms / 1e3, limits.batch_rows)
        self._waiting: deque[tuple[Rows, asyncio.Future[Array]]] = deque()
        self._is_going = False

    @property
    def num_waiting(self) -> int:
        """Requests that wait."""
        return len(self._waiting)

    async def predict(self, rows: Rows) -> Array:
        """Return ``[row, output]``; more rows than a batch may hold take turns with other requests.

        Raises:
            RefusedError: too many requests wait.
        """
        if rows.count <= self.batch_rows:
            return await self._submit(rows)
        import numpy as np  # noqa: PLC0415

        parts = [
            await self._submit(_part(rows, start, start + self.batch_rows))
            for start in range(0, rows.count, self.batch_rows)
        ]
        return np.concatenate(parts)

    def _submit(self, rows: Rows) -> asyncio.Future[Array]:
        if len(self._waiting) >= self._queue:
            raise too_many(len(self._waiting))
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Array] = loop.create_future()
        self._waiting.append((rows, future))
        if not self._is_going:
            self._is_going = True
            loop.call_soon(self._go)
        return future

    def _go(self) -> None:
        batch, count = self._take()
        if not batch:
            self._is_going = False
            return
        loop = asyncio.get_running_loop()
        parts = [rows for rows, _ in batch]
        if self._speed.expected_s(count) <= _AT_ONCE_S:
            self._settle(batch, self._computed(parts))
            loop.call_soon(self._go)
            return
        done = loop.run_in_executor(self._threads, self._computed, parts)
        done.add_done_callback(lambda done: self._arrived(batch, done))

    def _take(self) -> tuple[list[tuple[Rows, asyncio.Future[Array]]], int]:
        batch: list[tuple[Rows, asyncio.Future[Array]]] = []
        count = 0
        while self._waiting and (not batch or count + self._waiting[0][0].count <= self.batch_rows):
            rows, future = self._waiting.popleft()
            if not future.done():  # its request may have been given up
                batch.append((rows, future))
                count += rows.count
        return batch, count

    def _computed(self, parts: list[Rows]) -> list[_Outcome]:
        """Return an outcome for each request, of a batch as a whole if it can be computed as one.

        Else one by one: a request that cannot be computed must not harm its neighbors.
        """
        began = time.perf_counter()
        try:
            values = self._compute(parts)
        except Exception as error:
            if len(parts) == 1:
                return [_Outcome(parts, error, 0.0)]
            return [self._computed([part])[0] for part in parts]
        return [_Outcome(parts, values, time.perf_counter() - began)]

    def _arrived(
        self,
        batch: list[tuple[Rows, asyncio.Future[Array]]],
        done: asyncio.Future[list[_Outcome]],
    ) -> None:
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        if error is None:
            self._settle(batch, done.result())
        else:
            failed = RuntimeError(f"{type(error).__name__}: {error}")
            self._settle(batch, [_Outcome([rows for rows, _ in batch], failed, 0.0)])
        self._go()

    def _settle(self, batch: Sequence[tuple[Rows, asyncio.Future[Array]]], outcomes: list[_Outcome]) -> None:
        futures = (future for _, future in batch)
        for outcome in outcomes:
            start = 0
            for part, future in zip(outcome.parts, islice(futures, len(outcome.parts)), strict=True):
                stop = start + part.count
                if not future.done():
                    outcome.settle(future, start, stop)
                start = stop
        if self._told is None:
            return
        # What waits for these futures is called before: who is answered does not wait for what is counted.
        loop = asyncio.get_running_loop()
        for outcome in outcomes:
            if not isinstance(outcome.values, Exception):
                loop.call_soon(self._told, outcome.parts, outcome.values, outcome.seconds)


@dataclass(frozen=True)
class _Outcome:
    """What became of requests that were computed together: their values, one after the other, or an error."""

    parts: Sequence[Rows]
    values: Array | Exception
    seconds: float

    def settle(self, future: asyncio.Future[Array], start: int, stop: int) -> None:
        """Give a request the values of its rows."""
        if isinstance(self.values, Exception):
            future.set_exception(self.values)
        else:
            future.set_result(self.values if len(self.parts) == 1 else self.values[start:stop])


def _part(rows: Rows, start: int, stop: int) -> Rows:
    count = min(stop, rows.count) - start
    if isinstance(rows.values, dict):
        return Rows({name: values[start:stop] for name, values in rows.values.items()}, count)
    return Rows([column[start:stop] for column in rows.values], count)
