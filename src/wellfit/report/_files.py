"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from wellfit.records import OutputError


def write_text(path: str | Path, text: str, *, errors: str = "replace") -> None:
    """Write `text` as UTF-8 to `path` by way of a temporary file beside it.

    Args:
        path: the file to write or replace.
        text: its content; line ends are written as they are.
        errors: what becomes of characters that UTF-8 cannot hold (lone surrogates).

    Raises:
        OutputError: the folder does not exist or cannot be written.
    """
    target = Path(path)
    data = text.encode("utf-8", errors=errors)
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, 0o644)  # mkstemp makes it private; a report is meant to be shared
        os.replace(temporary, target)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise OutputError(
            f"cannot write {target.name}",
            received=f"{target} ({error.strerror or error})",
            expected="a file in an existing folder that can be written",
            fix="name another output folder, or make room or permission in this one",
        ) from error
