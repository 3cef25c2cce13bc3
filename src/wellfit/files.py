"""Files that are written whole or not at all, and are on the disk once that is said."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from wellfit.records import OutputError


def write_text(path: str | Path, text: str, *, errors: str = "replace") -> None:
    """Write `text` as UTF-8 to `path`; see `written_whole`.

    Args:
        path: the file to write or replace.
        text: its content; line ends are written as they are.
        errors: what becomes of characters that UTF-8 cannot hold (lone surrogates).

    Raises:
        OutputError: the folder does not exist or cannot be written.
    """
    with written_whole(path) as draft:
        draft.write_bytes(text.encode("utf-8", errors=errors))


@contextmanager
def written_whole(path: str | Path) -> Generator[Path]:
    """Give a draft beside `path`, and put what was written to it in its place at the end.

    Whoever reads `path`, even after a power cut, finds what was there before or all of the new file. Where
    writing fails, nothing of it stays.

    Raises:
        OutputError: the folder does not exist or cannot be written.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with written_whole(f"{folder}/said.txt") as draft:
        ...         _ = draft.write_text("all of it")
        ...     Path(f"{folder}/said.txt").read_text(), len(list(Path(folder).iterdir()))
        ('all of it', 1)
    """
    target = Path(path)
    draft: Path | None = None
    try:
        # A draft ends as its target does: some writers go by the ending.
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.stem[:40]}.", suffix=target.suffix
        )
        os.close(handle)
        draft = Path(name)
        yield draft
        with draft.open("rb") as stream:
            os.fsync(stream.fileno())
        draft.chmod(0o644)  # it was made private; a report is meant to be shared
        draft.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise OutputError(
            f"cannot write {target.name}",
            received=f"{target} ({error.strerror or error})",
            expected="a file in an existing folder that can be written",
            fix="name another output folder, or make room or permission in this one",
        ) from error
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk when this returns."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
