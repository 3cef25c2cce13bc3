"""What a study tells, from its file to a browser that may come late or come back (server-sent events)."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from wellfit.ui._runs import Run, is_running, progress_file
from wellfit.ui._workbench import Workbench

_POLL_S = 0.3
_MOST_BYTES = 2**20
_QUIET_POLLS = 50


async def told(workbench: Workbench, run: Run, offset: int, closing: threading.Event) -> AsyncIterator[str]:
    """Yield what a run tells, from a place in its file on, until it has ended.

    Each message is a list of events, and its id is the place in the file after them: a browser that comes
    back sends the last id that it saw. The last message is of the kind ``end``; there is none if the
    workbench is `closing`, which must not wait for the study.
    """
    quiet = 0
    while not closing.is_set():
        # Asked first: what it wrote before it ended is then read below.
        goes_on = is_running(workbench, run)
        events, offset = read_events(progress_file(workbench, run), offset)
        if events:
            quiet = 0
            yield f"id: {offset}\ndata: {json.dumps(events, allow_nan=False)}\n\n"
            continue
        if not goes_on:
            yield "event: end\ndata: {}\n\n"
            return
        quiet += 1
        if quiet % _QUIET_POLLS == 1:
            yield ": waiting\n\n"
        await asyncio.sleep(_POLL_S)


def read_events(path: Path, offset: int) -> tuple[list[object], int]:
    """Return the whole lines of a file of JSON lines from `offset` on, and where they end.

    A line that is being written is left for the next time; one that is no JSON object is left out.
    """
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            read = stream.read(_MOST_BYTES)
    except (OSError, ValueError, OverflowError):
        return [], offset
    whole = read[: read.rfind(b"\n") + 1]
    return [event for line in whole.splitlines() if (event := _event(line))], offset + len(whole)


def _event(line: bytes) -> object:
    try:
        value = json.loads(line, parse_constant=_no_number)
        json.dumps(value, allow_nan=False)  # 1e999 is read as infinity
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _no_number(name: str) -> None:
    """Stand for NaN and infinities, which a browser cannot read."""
