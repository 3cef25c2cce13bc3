"""What the other workers of a server counted: each writes its window to a file that all can read."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from wellfit.drift import Window, window_from_json, window_json
from wellfit.serving.http._model import Model

_PREFIX = "drift-"


class SharedWindows:
    """Windows of several workers, in a folder of theirs alone.

    Args:
        folder: that they share.
        worker: the number of this one's process.
    """

    def __init__(self, folder: Path, worker: int | None = None) -> None:
        self._folder, self._worker = folder, os.getpid() if worker is None else worker

    def publish(self, model: Model, window: Window) -> None:
        """Write what this worker counted; readers see the earlier file or all of the new one."""
        path = self._folder / f"{_PREFIX}{self._worker}-{_key(model)}.json"
        draft = path.with_suffix(".draft")
        draft.write_text(window_json(window), "utf-8")
        draft.replace(path)

    def others(self, model: Model) -> list[Window]:
        """Return what other workers counted of the same bundle."""
        own = f"{_PREFIX}{self._worker}-"
        found: list[Window] = []
        for path in sorted(self._folder.glob(f"{_PREFIX}*-{_key(model)}.json")):
            if not path.name.startswith(own):
                with contextlib.suppress(OSError):  # its worker has just ended
                    found.append(window_from_json(path.read_text("utf-8")))
        return found


def forget_worker(folder: Path, worker: int) -> None:
    """Take away what a worker that has ended counted."""
    for path in folder.glob(f"{_PREFIX}{worker}-*"):
        path.unlink(missing_ok=True)


def _key(model: Model) -> str:
    """Return what differs between two bundles: windows of an earlier one are not those of the new one."""
    files = model.servable.manifest.get("files")
    return hashlib.sha256(repr((model.name, model.version, files)).encode()).hexdigest()[:32]
