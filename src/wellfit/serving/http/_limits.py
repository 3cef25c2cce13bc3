"""What a server takes at most."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a server takes at most; what is more is refused, and nothing waits without an end.

    Attributes:
        body_bytes: of a request (413).
        rows: of a request (413).
        queue: requests under way in a worker, their bodies included (429).
        timeout_s: from the head of a request to its answer (504).
        batch_rows: rows of several requests that are computed together.
        batch_ms: how long such a batch may take; networks that are slow get smaller batches.
        pixels: of a picture that comes encoded (422).
    """

    body_bytes: int = 16 * 2**20
    rows: int = 10_000
    queue: int = 1_000
    timeout_s: float = 30.0
    batch_rows: int = 256
    batch_ms: float = 20.0
    pixels: int = 50_000_000
