"""The studies of a folder: those that run, and all that have ended, whoever started them."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from wellfit.records import FileReadError
from wellfit.ui._paths import confined
from wellfit.ui._runs import Run, find_run, is_running, is_stopping, run_names
from wellfit.ui._workbench import Workbench

State = Literal["running", "stopping", "done", "partial", "unfinished", "failed"]

FILES = {
    "model.keras": "Network (model.keras)",
    "train.py": "Code in plain Keras (train.py)",
    "train.npz": "Rows for that code (train.npz)",
    "code.py": "Code (code.py)",
    "report.html": "Report (report.html)",
    "report.json": "Report as data (report.json)",
    "trials.json": "All trials (trials.json)",
}
"""What may be fetched from the folder of a study, with a name for it."""

STATES: Mapping[State, str] = {
    "running": "Running",
    "stopping": "Finishing up",
    "done": "Done",
    "partial": "Partial",
    "unfinished": "Interrupted",
    "failed": "No result",
}


@dataclass(frozen=True, kw_only=True)
class StudyEntry:
    """One study in the list.

    Attributes:
        name: of its folder.
        state: whether it runs, and how it ended.
        verdict: in a word or two; empty before there is one.
        line: the verdict in a sentence.
        changed: when its report was written, in seconds since 1970; infinite for one that runs.
        run: how the workbench started it, or None.
        can_resume: whether it can go on where it was.
    """

    name: str
    state: State
    verdict: str = ""
    line: str = ""
    changed: float = float("inf")
    run: Run | None = None
    can_resume: bool = False

    @property
    def label(self) -> str:
        """The state in words."""
        return STATES[self.state]

    @property
    def is_live(self) -> bool:
        """Whether its process lives."""
        return self.state in ("running", "stopping")

    @property
    def has_report(self) -> bool:
        """Whether there is a report to open."""
        return self.state in ("done", "partial")


def list_studies(workbench: Workbench) -> list[StudyEntry]:
    """Return the studies of the folder, those that run first, then the latest first."""
    names = set(run_names(workbench))
    names |= {path.parent.name for path in workbench.root.glob("*/report.json")}
    found = [entry for name in sorted(names) if (entry := _entry(workbench, name)) is not None]
    return sorted(found, key=lambda entry: -entry.changed)


def find_study(workbench: Workbench, name: str) -> StudyEntry:
    """Return one study.

    Raises:
        FileReadError: there is none of that name.
    """
    entry = _entry(workbench, name) if Path(name).name == name else None
    if entry is None:
        raise FileReadError(
            "there is no such study.",
            received=repr(name[:200]),
            expected=f"the name of a study in {workbench.root}",
            fix="go back to the list of studies",
        )
    return entry


def study_file(workbench: Workbench, name: str, file: str) -> Path:
    """Return a file of a study that may be fetched.

    Raises:
        FileReadError: there is none, or it is not meant to be fetched.
    """
    find_study(workbench, name)
    if file not in FILES:
        raise FileReadError("this file cannot be fetched.", received=repr(file), expected=", ".join(FILES))
    path = confined(workbench.root, f"{name}/{file}")
    if not path.is_file():
        raise FileReadError(f"{file} of this study is not a file.", received=repr(name[:200]))
    return path


def own_files_of(workbench: Workbench, name: str) -> dict[str, str]:
    """Return what may be fetched of a study and is there."""
    return {file: label for file, label in FILES.items() if os.path.isfile(workbench.root / name / file)}


def _entry(workbench: Workbench, name: str) -> StudyEntry | None:
    run = find_run(workbench, name)
    if run is not None and is_running(workbench, run):
        state: State = "stopping" if is_stopping(workbench, run) else "running"
        return StudyEntry(name=name, state=state, run=run)
    report, changed = _report(workbench.root, name)
    can_resume = run is not None and _begun(workbench.root, name) in ("running", "stopped")
    if not report:
        state = "unfinished" if can_resume else "failed"
        entry = StudyEntry(name=name, state=state, run=run, changed=0.0, can_resume=can_resume)
        return None if run is None else entry
    return StudyEntry(
        name=name,
        state="partial" if report.get("partial") else "done",
        verdict=str(report.get("verdict", "")).replace("-", " ").capitalize(),
        line=str(report.get("verdict_line", "")),
        changed=changed,
        run=run,
        can_resume=can_resume,
    )


def _begun(root: Path, name: str) -> str:
    """Return how far a study says that it is: running (or killed), stopped or finished; empty for none."""
    try:
        values = json.loads(confined(root, f"{name}/study.json").read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    return str(values.get("state", "")) if isinstance(values, dict) else ""


def _report(root: Path, name: str) -> tuple[Mapping[str, Any], float]:
    try:
        path = confined(root, f"{name}/report.json")
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            return {}, 0.0  # a pipe would be waited for
        return _read(path, facts.st_mtime_ns, facts.st_size), facts.st_mtime
    except (OSError, FileReadError):
        return {}, 0.0


@lru_cache(maxsize=256)
def _read(path: Path, changed_ns: int, size_bytes: int) -> Mapping[str, Any]:
    """Return what the list shows of a report; kept for as long as the file is the same."""
    try:
        values = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(values, dict) or "verdict" not in values:
        return {}
    return {name: values.get(name) for name in ("verdict", "verdict_line", "partial")}
