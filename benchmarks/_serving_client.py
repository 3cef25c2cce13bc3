"""A client in its own process: raw sockets, requests made beforehand, latencies of every one.

``python _serving_client.py`` reads a job as JSON from stdin and writes what it measured as JSON to stdout.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import re
import sys
import time
from array import array
from collections import deque
from typing import Any

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Connection(asyncio.Protocol):
    """A connection on which one request is asked at a time."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._buffer = b""
        self._began = 0.0
        self.is_busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport: Any = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Count an error unless the end has come."""
        self._meter.lost(self)

    def ask(self, request: bytes, began: float) -> None:
        """Send a request whose time counts from `began`."""
        self._began, self.is_busy = began, True
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take what came; a whole answer ends the request."""
        self._buffer += data
        head, gap, body = self._buffer.partition(b"\r\n\r\n")
        if not gap:
            return
        found = _LENGTH.search(head)
        is_whole = body.endswith(b"0\r\n\r\n") if found is None else len(body) >= int(found[1])
        if is_whole:
            self._buffer = b""
            self.is_busy = False
            self._meter.answered(self, head[9:12] == b"200", self._began)


class Meter:
    """Asks and measures.

    Args:
        job: ``host``, ``port``, ``path``, ``bodies``, ``connections``, ``seconds``, ``warm_s``; with ``rate``
            requests begin at random moments at that rate, else each connection asks once it was answered.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self._job = job
        self._requests = [
            (
                f"POST {job['path']} HTTP/1.1\r\nHost: {job['host']}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body.encode())}\r\n\r\n{body}"
            ).encode()
            for body in job["bodies"]
        ]
        self._asked = 0
        self._free: deque[Connection] = deque()
        self._late: deque[float] = deque()
        self._is_over = False
        self.latencies = array("d")
        self.errors = 0

    async def run(self) -> dict[str, Any]:
        """Return what was measured."""
        job, loop = self._job, asyncio.get_running_loop()
        made = [
            await loop.create_connection(lambda: Connection(self), job["host"], job["port"])
            for _ in range(job["connections"])
        ]
        connections = [protocol for _, protocol in made]
        rate = job.get("rate")
        if rate:
            self._free.extend(connections)
            pacing = asyncio.create_task(self._pace(rate))
        else:
            for one in connections:
                self._ask(one, time.perf_counter())
        await asyncio.sleep(job["warm_s"])
        del self.latencies[:]
        self.errors = 0
        began = time.perf_counter()
        await asyncio.sleep(job["seconds"])
        took_s = time.perf_counter() - began
        latencies, errors = sorted(self.latencies), self.errors
        self._is_over = True
        if rate:
            pacing.cancel()
        for one in connections:
            one.transport.abort()
        return {
            "per_s": len(latencies) / took_s,
            "p50_ms": _share(latencies, 0.5),
            "p99_ms": _share(latencies, 0.99),
            "errors": errors,
            "count": len(latencies),
        }

    async def _pace(self, rate: float) -> None:
        draw = random.Random(0)
        due = time.perf_counter()
        while True:
            now = time.perf_counter()
            while due <= now:
                self._late.append(due)
                due += draw.expovariate(rate)
            while self._late and self._free:
                self._ask(self._free.popleft(), self._late.popleft())
            await asyncio.sleep(max(0.0, min(due - time.perf_counter(), 0.001)))

    def _ask(self, connection: Connection, began: float) -> None:
        self._asked += 1
        connection.ask(self._requests[self._asked % len(self._requests)], began)

    def answered(self, connection: Connection, is_fine: bool, began: float) -> None:
        """Count an answer and ask again."""
        now = time.perf_counter()
        if is_fine:
            self.latencies.append(now - began)
        else:
            self.errors += 1
        if self._is_over:
            return
        if not self._job.get("rate"):
            self._ask(connection, now)
        elif self._late:
            self._ask(connection, self._late.popleft())
        else:
            self._free.append(connection)

    def lost(self, connection: Connection) -> None:
        """Count a connection that ended in between."""
        if not self._is_over:
            self.errors += 1


def _share(values: list[float], share: float) -> float:
    return 1e3 * values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def main() -> None:
    """Do the job on stdin."""
    job = json.load(sys.stdin)
    gc.disable()  # else the client's own pauses would be measured as the server's
    try:
        import uvloop  # noqa: PLC0415

        loop_factory = uvloop.new_event_loop
    except ImportError:
        loop_factory = None
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        print(json.dumps(runner.run(Meter(job).run())))


if __name__ == "__main__":
    main()
