"""One process a folder: a lock that goes with its process, however that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from wellfit.records import OutputError

NAME = "study.lock"


class FolderLock:
    """Holds a folder for this process.

    It is a lock on an open file, not a file that says who holds it: nothing is left over by a process that
    was killed, and no number of a process can be mistaken for another one's.

    Args:
        folder: that exists.

    Raises:
        OutputError: another process, or another study of this one, holds it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     lock = FolderLock(Path(folder))
        ...     FolderLock.is_held(Path(folder)), lock.release(), FolderLock.is_held(Path(folder))
        (True, None, False)
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise OutputError(
                f"another study runs in {folder}.",
                received=f"{self._path}, which a living process holds",
                expected="a folder that no other process works on",
                fix="wait until it ends, or choose another folder",
            ) from None

    @staticmethod
    def is_held(folder: Path) -> bool:
        """Return whether a living process works on a folder."""
        try:
            file = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def release(self) -> None:
        """Give the folder back; the file goes with the lock."""
        if self._file >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1
