"""Progress for programs: each event as one line of JSON, appended to a file."""

from __future__ import annotations

import contextlib
import json
import math
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from wellfit import Event

_TEXTS = ("stage", "message", "metric")
_NUMBERS = ("done", "total", "baseline", "best", "elapsed_s", "left_s")


class ProgressFile:
    """Appends events to a file while it is entered; a file that cannot be written costs itself alone.

    Args:
        path: of the file, or None to write nothing.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._stream: TextIO | None = None

    def __enter__(self) -> ProgressFile:
        if self._path is not None:
            self._stream = Path(self._path).open("a", encoding="utf-8", errors="backslashreplace")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def __call__(self, event: Event) -> None:
        """Write an event; whoever follows the file sees it at once."""
        if self._stream is None:
            return
        try:
            self._stream.write(event_line(event))
            self._stream.flush()
        except OSError:
            self._close()

    def _close(self) -> None:
        """Close the file; what is still to be written then may find no room either."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream.close()
        self._stream = None


def event_line(event: Event) -> str:
    """Return an event as a line of strict JSON; a number that is not finite becomes null.

    Example:
        >>> from types import SimpleNamespace
        >>> event_line(SimpleNamespace(stage="screen", message="", metric="rmse", done=1, total=2,
        ...     baseline=None, best=0.5, elapsed_s=1.0, left_s=float("inf")))
        '{"stage": "screen", "message": "", "metric": "rmse", "done": 1, "total": 2, "baseline": null, \
"best": 0.5, "elapsed_s": 1.0, "left_s": null}\\n'
    """
    values: dict[str, object] = {name: getattr(event, name) for name in _TEXTS}
    for name in _NUMBERS:
        number = getattr(event, name)
        values[name] = number if number is None or math.isfinite(number) else None
    curves = getattr(event, "curves", None)
    if curves is not None:
        values["curves"] = asdict(curves)
    return json.dumps(values, allow_nan=False) + "\n"
