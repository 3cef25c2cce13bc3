"""A study that kills itself once so many runs are stored: python killed_study.py TABLE FOLDER COUNT."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from study_samples import use_small_plan

from wellfit.api import improve, resume
from wellfit.store import TrialStore

OPTIONS: dict[str, Any] = {"target": "y", "model": "dense:8", "budget": "1h", "epochs": 6, "seed": 3}
COMMAND = "wellfit improve"


def die_after(count: int) -> None:
    """Let the entry after so many end this process, in the middle of what is written for it."""
    append = TrialStore.append

    def dying(self: TrialStore, number: int, *arguments: Any) -> None:
        if number >= count:
            os.kill(os.getpid(), signal.SIGKILL)
        append(self, number, *arguments)

    TrialStore.append = dying


if __name__ == "__main__":
    table, folder, stored = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    die_after(stored)
    use_small_plan(pytest.MonkeyPatch())
    if (folder / "study.json").exists():
        resume(folder)
    else:
        improve(table, out=folder, command=COMMAND, **OPTIONS)
