"""A line of JSON for each request."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO


class AccessLog:
    """Writes who asked what, and what came of it; neither rows nor keys.

    Args:
        stream: where to.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    def write(self, scope: MutableMapping[str, Any], status: int, size: int, seconds: float) -> None:
        """Write a line."""
        headers = dict(scope["headers"])
        client = scope.get("client")
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "duration_ms": round(seconds * 1e3, 3),
            "received_bytes": _whole(headers.get(b"content-length")),
            "sent_bytes": size,
            "client": client[0] if client else None,
            "request_id": headers.get(b"x-request-id", b"").decode("latin-1")[:200] or None,
            "process": os.getpid(),
        }
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()


def _whole(text: bytes | None) -> int | None:
    return int(text) if text is not None and text.isdigit() and len(text) < 20 else None
