"""From a study to the terminal: run it with progress, then say what it found and where the files are."""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import wellfit
from wellfit.cli._progress import STAGES, WIDEST, Progress
from wellfit.cli._progress_file import ProgressFile
from wellfit.cli._status import Status
from wellfit.cli._work import ignore_signals, run_interruptible

if TYPE_CHECKING:
    from wellfit import Event, Report, Study

Listener = Callable[["Event"], None]
Result = TypeVar("Result")

_FILES = {
    "report.html": "Report",
    "report.json": "Data",
    "model.keras": "Network",
    "train.py": "Code",
    "bundle": "Predictor",
}


def run_study(
    study: Callable[[Listener, threading.Event], Study],
    *,
    json_target: str | None,
    progress_target: str | None = None,
    lang: str = "en",
) -> Status:
    """Run `study` with progress, show its report, and return 0, or 3 if it is partial.

    Args:
        study: called as ``study(listener, stop)`` in a thread of its own.
        json_target: where the report goes as JSON; ``-`` prints nothing else on stdout.
        progress_target: file that events are appended to as JSON lines, or None.
        lang: of the page and the text; the study writes its page in English.
    """
    result = run_with_progress(study, progress_target=progress_target, goes_on=True)
    return show_study(result, json_target=json_target, lang=lang)


def show_study(result: Study, *, json_target: str | None, lang: str) -> Status:
    """Show the report of a study and where its files are; return 0, or 3 if it is partial."""
    show_report(result.report, json_target=json_target, lang=lang)
    if lang != "en" and result.folder is not None:
        wellfit.report.write_html(result.report, result.folder / "report.html", lang=lang)
    if json_target != "-" and result.folder is not None:
        print(f"\n{files_text(result.folder)}")
        if getattr(result, "can_go_on", False):
            print(f"{'Go on':<10}wellfit resume {shlex.quote(str(result.folder))}")
    return Status.PARTIAL if result.report.partial else Status.DONE


def run_with_progress(
    work: Callable[[Listener, threading.Event], Result],
    *,
    stages: Mapping[str, str] = STAGES,
    progress_target: str | None = None,
    goes_on: bool = False,
) -> Result:
    """Return what ``work(listener, stop)`` returns; it runs in a thread of its own, with live progress.

    Args:
        work: ends soon after `stop` is set, with what it has.
        stages: what each stage does, in a few words.
        progress_target: file that events are appended to as JSON lines, or None.
        goes_on: whether `wellfit resume` can go on with what was done.
    """
    asked = threading.Event()
    with Progress(stages=stages) as progress, ProgressFile(progress_target) as record:

        def listener(event: Event) -> None:
            progress(event)
            record(event)

        def finishing() -> None:
            asked.set()
            progress.say("Finishing up with what there is. Ctrl-C again ends at once.")

        def ending() -> None:
            kept = (
                "`wellfit resume` goes on with what it had trained"
                if goes_on
                else "nothing of this run is kept"
            )
            progress.say(f"Ended at once; {kept}.")
            progress.close()

        result = run_interruptible(lambda stop: work(listener, stop), on_stop=finishing, on_urgent=ending)
    if asked.is_set():
        ignore_signals()
    return result


def show_report(report: Report, *, json_target: str | None, lang: str = "en") -> None:
    """Print `report` as text, and write it as JSON if asked."""
    if json_target == "-":
        print(json.dumps(wellfit.report.to_json(report), indent=2, allow_nan=False))
        return
    print(wellfit.report.to_text(report, text_width(), lang=lang))
    if json_target:
        wellfit.report.write_json(report, json_target)


def files_text(folder: Path) -> str:
    """Return one line for each thing that a study's folder holds, and how to use it."""
    with contextlib.suppress(ValueError):
        folder = folder.relative_to(Path.cwd())
    lines = [f"{label:<10}{folder / name}" for name, label in _FILES.items() if (folder / name).exists()]
    new = _new_data(folder / "bundle")
    if new:
        lines.append(f"{'Next':<10}wellfit predict {shlex.quote(str(folder))} {new}")
    return "\n".join(lines)


def _new_data(bundle: Path) -> str:
    """Return what a predictor is given, or an empty string: one made on arrays cannot read files."""
    if (bundle / "encoder.json").exists():
        return "NEW_ROWS.csv"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        return (
            "NEW_PICTURES" if json.loads((bundle / "bundle.json").read_text("utf-8"))["picture_fit"] else ""
        )
    return ""


def text_width() -> int:
    """Return the columns of the terminal, within what reads well; 80 where stdout is not one."""
    return min(max(shutil.get_terminal_size().columns, 40), WIDEST) if sys.stdout.isatty() else 80
