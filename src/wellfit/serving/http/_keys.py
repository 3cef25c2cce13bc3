"""Who may ask: those that know one of the keys."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from pathlib import Path

from wellfit.records import FileReadError
from wellfit.serving.http._refusal import RefusedError

VARIABLE = "WELLFIT_API_KEY"
OPEN = frozenset(("/ping", "/v2/health/live", "/v2/health/ready"))
"""What answers without a key: whoever watches over processes asks these."""


class Keys:
    """The keys; with none, everybody may ask.

    Only digests are kept and compared, in a time that does not depend on where they differ.

    Args:
        keys: texts; empty ones do not count.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._digests = [_digest(key.encode()) for key in keys if key]

    def check(self, path: str, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Check a request: ``X-API-Key: KEY`` or ``Authorization: Bearer KEY``.

        Raises:
            RefusedError: it does not name a key.
        """
        if not self._digests or path in OPEN:
            return
        given = b""
        for name, value in headers:
            if name == b"x-api-key":
                given = value.strip()
            elif name == b"authorization" and value[:7].lower() == b"bearer ":
                given = value[7:].strip()
        digest = _digest(given)
        # All are compared, whichever fits.
        if not sum(hmac.compare_digest(digest, known) for known in self._digests):
            raise RefusedError(
                401,
                "a key is needed.",
                received="another key" if given else "no key",
                expected="X-API-Key: KEY, or Authorization: Bearer KEY",
                closes=True,
            )


def read_keys(path: Path) -> list[str]:
    """Return the keys in a file, one a line.

    Raises:
        FileReadError: it cannot be read or holds none.
    """
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeError) as error:
        raise FileReadError(f"{path} cannot be read.", received=f"{type(error).__name__}: {error}") from error
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise FileReadError(f"{path} holds no key.", expected="a key on each line")
    return keys


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
