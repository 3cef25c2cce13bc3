"""Studies as processes of the command line: a page that reloads or a server that ends disturbs none.

A run is a folder in ``.wellfit``: ``run.json`` (how it was started), ``progress.jsonl`` (what it tells),
``output.txt`` and ``errors.txt`` (what it prints), and ``lock``, which the process holds for as long as it
lives. The results are where the command line puts them, in a folder of the run's name beside the data.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from wellfit.files import write_text
from wellfit.records import FileReadError, OutputError, SettingsError
from wellfit.ui._workbench import Workbench

_MOST_TRIES = 1_000
_TOLD_BYTES = 4_000


@dataclass(frozen=True, kw_only=True)
class Run:
    """A study that the workbench started.

    Attributes:
        name: of the run, and of the folder of its results.
        data: the table or the folder of pictures, relative to the workbench's folder.
        target: the column that is predicted; empty for pictures.
        arguments: of ``wellfit improve``, without data, output and progress.
        warm_start: the study that it began with, or an empty string.
        pid: of its process.
        started: when, in UTC, as ISO 8601.
    """

    name: str
    data: str
    target: str
    arguments: tuple[str, ...]
    warm_start: str = ""
    pid: int = 0
    started: str = ""


def start_run(
    workbench: Workbench, *, data: str, target: str, arguments: Sequence[str], warm_start: str = ""
) -> Run:
    """Start a study in a process of its own, which outlives this one.

    Raises:
        OutputError: the folder cannot be written.
        SettingsError: the command line cannot hold what was chosen.
    """
    folder = workbench.runs / "none"
    try:
        folder = _new_folder(workbench, data)
        run = Run(
            name=folder.name, data=data, target=target, arguments=tuple(arguments), warm_start=warm_start
        )
        begin = [f"--warm-start={run.warm_start}"] if run.warm_start else []
        options = [f"--target={run.target}"] if run.target else []
        options += [*run.arguments, *begin, f"--out={run.name}", _told_to(workbench, folder)]
        return _written(folder, run, _start_process(workbench, folder, ["improve", *options, "--", run.data]))
    except ValueError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise SettingsError(
            "the study could not be started.",
            received=str(error),
            expected="names and values without nulls, which no command line can hold",
            fix="rename the column",
        ) from error
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        if error.errno == errno.E2BIG:
            shutil.rmtree(folder, ignore_errors=True)
            raise SettingsError(
                "the study could not be started: what was chosen is too long for a command line.",
                received=f"{len(arguments)} arguments",
                expected="kinds for fewer columns, and shorter names",
                fix="leave columns as found, or shorten their names in the file",
            ) from error
        raise _not_started(workbench, error) from error


def resume_run(workbench: Workbench, run: Run) -> Run:
    """Go on with a study that was killed or stopped, in a process of its own.

    Raises:
        FileReadError: it runs.
        OutputError: the folder cannot be written.
    """
    if is_running(workbench, run):
        raise FileReadError("this study runs.", received=run.name, expected="one that has ended")
    folder = workbench.runs / run.name
    try:
        for name in ("stopping", "progress.jsonl"):  # it tells all anew, what it knows at once
            (folder / name).unlink(missing_ok=True)
        command = ["resume", _told_to(workbench, folder), "--", run.name]
        return _written(folder, run, _start_process(workbench, folder, command))
    except OSError as error:
        raise _not_started(workbench, error) from error


def _told_to(workbench: Workbench, folder: Path) -> str:
    return f"--progress={(folder / 'progress.jsonl').relative_to(workbench.root)}"


def _written(folder: Path, run: Run, pid: int) -> Run:
    """Write down how a study was started, and which process it is now."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    run = Run(**{**asdict(run), "arguments": run.arguments, "pid": pid, "started": now})
    write_text(folder / "run.json", json.dumps(asdict(run), indent=1))
    return run


def _not_started(workbench: Workbench, error: OSError) -> OutputError:
    return OutputError(
        "the study could not be started.",
        received=f"{type(error).__name__}: {error}",
        expected=f"a folder that can be written: {workbench.root}",
        fix="make room or permission there",
    )


def _start_process(workbench: Workbench, folder: Path, command: Sequence[str]) -> int:
    with _opened(folder / "lock") as lock, _opened(folder / "output.txt") as output:
        # The process inherits the lock and keeps it until it ends, however that comes about.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with _opened(folder / "errors.txt") as errors:
            process = subprocess.Popen(
                [*workbench.command, *command],
                cwd=workbench.root,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                pass_fds=(lock.fileno(),),
                start_new_session=True,
            )
    threading.Thread(target=process.wait, name=f"wellfit-wait-{process.pid}", daemon=True).start()
    return process.pid


def _opened(path: Path) -> IO[bytes]:
    return path.open("wb")


def _new_folder(workbench: Workbench, data: str) -> Path:
    """Return a new folder for a run whose name no study has."""
    stem = re.sub(r"[^\w.-]+", "_", Path(data).stem)[:60].strip("._-") or "study"
    for number in range(1, _MOST_TRIES):
        name = f"wellfit-{stem}" if number == 1 else f"wellfit-{stem}-{number}"
        if (workbench.root / name).exists():
            continue
        try:
            (workbench.runs / name).mkdir(parents=True)
        except FileExistsError:
            continue
        return workbench.runs / name
    raise OutputError(
        "there are too many studies of this name.",
        received=data,
        expected=f"fewer than {_MOST_TRIES}",
        fix="move some of them to another folder",
    )


def find_run(workbench: Workbench, name: str) -> Run | None:
    """Return how a study was started, or None if the workbench did not start it."""
    if Path(name).name != name or name in ("", ".", ".."):
        return None
    try:
        values = json.loads((workbench.runs / name / "run.json").read_text("utf-8"))
        return _checked(Run(**{**values, "name": name, "arguments": tuple(values["arguments"])}))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _checked(run: Run) -> Run:
    """Return a run that was read, or raise ValueError; whose process is not known is sent no signal.

    Process ids below 1 mean groups of processes, this one's among them.
    """
    texts = (run.data, run.target, run.warm_start, run.started, *run.arguments)
    pid = run.pid
    if not all(isinstance(one, str) for one in texts) or not isinstance(pid, int) or pid < 1:
        raise ValueError("this is not how a study is started")
    return run


def run_names(workbench: Workbench) -> list[str]:
    """Return the names of everything that the workbench started."""
    try:
        return sorted(path.parent.name for path in workbench.runs.glob("*/run.json"))
    except OSError:
        return []


def is_running(workbench: Workbench, run: Run) -> bool:
    """Return whether the process of a run lives: whether somebody holds its lock."""
    try:
        with (workbench.runs / run.name / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def stop_run(workbench: Workbench, run: Run) -> None:
    """Send the process of a run the signal of Ctrl-C: the first ends it with what there is, a second at once.

    Raises:
        FileReadError: it has ended already.
    """
    if not is_running(workbench, run):
        raise FileReadError("this study has ended already.", received=run.name)
    os.kill(run.pid, signal.SIGINT)
    (workbench.runs / run.name / "stopping").touch()


def is_stopping(workbench: Workbench, run: Run) -> bool:
    """Return whether a run was asked to stop."""
    return (workbench.runs / run.name / "stopping").exists()


def progress_file(workbench: Workbench, run: Run) -> Path:
    """Return where a run tells what it does."""
    return workbench.runs / run.name / "progress.jsonl"


def told_errors(workbench: Workbench, run: Run) -> str:
    """Return the end of what a run printed as errors."""
    try:
        with (workbench.runs / run.name / "errors.txt").open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TOLD_BYTES))
            return stream.read().decode("utf-8", "replace").strip()
    except OSError:
        return ""
