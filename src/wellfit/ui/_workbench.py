"""What a workbench works on, and with what."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# -P: what lies in the folder, such as an uploaded random.py, is not imported in place of a library.
_COMMAND = (sys.executable, "-P", "-m", "wellfit")


@dataclass(frozen=True, kw_only=True)
class Workbench:
    """A folder, and how studies run in it.

    Attributes:
        root: the folder, resolved; nothing outside it is read or written.
        stages: name of each stage of a study to what it does, in a few words.
        scored: the stages whose best score may be compared with the one before.
        max_upload_bytes: the largest file that may be uploaded.
        command: the command line of wellfit, as a list of arguments.
    """

    root: Path
    stages: Mapping[str, str] = field(default_factory=dict[str, str])
    scored: tuple[str, ...] = ()
    max_upload_bytes: int = 200 * 2**20
    command: tuple[str, ...] = _COMMAND

    @property
    def runs(self) -> Path:
        """Where it keeps how each study was started and what it told; results lie in the folder itself."""
        return self.root / ".wellfit"
