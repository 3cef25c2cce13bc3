"""Requests that wait are computed together, and none harms another."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from wellfit.serving.http._batch import Batcher, Rows, Speed
from wellfit.serving.http._limits import Limits
from wellfit.serving.http._refusal import RefusedError

QUICK, SLOW = Speed(call_s=0.0, row_s=0.0), Speed(call_s=1.0, row_s=0.0)


def rows(*cells: float) -> Rows:
    """Return rows of one column."""
    return Rows([list(cells)], len(cells))


class Doubling:
    """Computes twice a cell, and remembers the batches; a cell below zero is a fault.

    Attributes:
        batches: how many rows each had.
        gate: holds up every batch until it is set.
    """

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, parts):
        """Return ``[row, 1]``."""
        assert self.gate.wait(30)
        cells = [cell for part in parts for cell in part.values[0]]
        if min(cells, default=0) < 0:
            raise RuntimeError("below zero")
        self.batches.append(len(cells))
        return 2.0 * np.array(cells, np.float32).reshape(-1, 1)


def run(scene, speed=QUICK, **limits):
    """Play a scene with a batcher in an event loop and return what it computed."""
    compute = Doubling()
    with ThreadPoolExecutor(1) as threads:

        async def play():
            await scene(Batcher(compute, speed, Limits(**limits), threads), compute)

        asyncio.run(play())
    return compute.batches


@pytest.mark.parametrize("speed", [QUICK, SLOW])
def test_what_comes_together_is_computed_together(speed):
    """Each request gets its own rows back."""

    async def scene(batcher, compute):
        found = await asyncio.gather(*(batcher.predict(rows(i, i + 0.5)) for i in range(5)))
        assert [one.ravel().tolist() for one in found] == [[2.0 * i, 2.0 * i + 1] for i in range(5)]

    assert run(scene, speed, batch_ms=1e9) == [10]


def test_what_comes_while_a_batch_is_computed_makes_the_next():
    """Nobody waits where nobody is before; all that wait go together."""

    async def scene(batcher, compute):
        compute.gate.clear()
        first = asyncio.create_task(batcher.predict(rows(1)))
        await asyncio.sleep(0.01)
        later = [asyncio.create_task(batcher.predict(rows(i))) for i in range(4)]
        await asyncio.sleep(0.01)
        assert batcher.num_waiting == 4
        compute.gate.set()
        await asyncio.gather(first, *later)

    assert run(scene, SLOW, batch_ms=1e9) == [1, 4]


def test_a_batch_ends_in_time():
    """A network that is slow gets as many rows as it computes within the bound."""

    async def scene(batcher, compute):
        await asyncio.gather(*(batcher.predict(rows(i)) for i in range(7)))

    assert run(scene, Speed(call_s=0.0, row_s=0.002), batch_ms=6) == [3, 3, 1]


def test_many_rows_take_turns():
    """A request of many rows does not keep a small one waiting until its end."""
    order = []

    async def scene(batcher, compute):
        async def ask(name, asked):
            found = await batcher.predict(asked)
            order.append(name)
            assert found.shape == (asked.count, 1)

        await asyncio.gather(ask("large", rows(*range(10))), ask("small", rows(1)))

    assert run(scene, batch_rows=4) == [4, 1, 4, 2]
    assert order == ["small", "large"]


@pytest.mark.parametrize("speed", [QUICK, SLOW])
def test_a_fault_is_its_own_request_s(speed):
    """The others of the batch get their answers."""

    async def scene(batcher, compute):
        found = await asyncio.gather(*(batcher.predict(rows(i)) for i in (1, -1, 3)), return_exceptions=True)
        assert [type(one) for one in found] == [np.ndarray, RuntimeError, np.ndarray]

    assert run(scene, speed, batch_ms=1e9) == [1, 1]


def test_a_full_queue_refuses():
    """429 says when to come again; those that wait are not harmed."""

    async def scene(batcher, compute):
        compute.gate.clear()
        first = asyncio.create_task(batcher.predict(rows(0)))
        await asyncio.sleep(0.01)
        waiting = [asyncio.create_task(batcher.predict(rows(i))) for i in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(RefusedError, match="too many") as caught:
            await batcher.predict(rows(9))
        assert (caught.value.status, caught.value.retry_after_s) == (429, 1)
        compute.gate.set()
        await asyncio.gather(first, *waiting)

    assert run(scene, SLOW, queue=2, batch_ms=1e9) == [1, 2]


def test_who_has_gone_is_not_computed():
    """A request that was given up leaves the queue."""

    async def scene(batcher, compute):
        compute.gate.clear()
        first = asyncio.create_task(batcher.predict(rows(0)))
        await asyncio.sleep(0.01)
        gone, stays = (asyncio.create_task(batcher.predict(rows(i))) for i in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        compute.gate.set()
        await asyncio.gather(first, stays)

    assert run(scene, SLOW, batch_ms=1e9) == [1, 1]


@pytest.mark.parametrize("speed", [QUICK, SLOW])
def test_who_waits_goes_on_before_the_batch_is_told_of(speed):
    """Counting what was answered holds up no answer; of a batch that failed nothing is told."""
    seen = []

    async def play():
        def told(parts, values, seconds):
            seen.append(([part.count for part in parts], values.ravel().tolist(), seconds >= 0))

        batcher = Batcher(Doubling(), speed, Limits(), threads, told)

        async def ask(*cells):
            try:
                await batcher.predict(rows(*cells))
                seen.append(cells)
            except RuntimeError:
                seen.append("fault")

        await asyncio.gather(ask(1.0), ask(2.0, 3.0))
        await asyncio.gather(ask(-1.0), ask(4.0))
        await asyncio.sleep(0)

    with ThreadPoolExecutor(1) as threads:
        asyncio.run(play())
    assert seen == [(1.0,), (2.0, 3.0), ([1, 2], [2.0, 4.0, 6.0], True), "fault", (4.0,), ([1], [8.0], True)]
