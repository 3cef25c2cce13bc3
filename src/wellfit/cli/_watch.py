"""``wellfit watch``."""

from __future__ import annotations

import importlib
import json as json_module
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

import wellfit
from wellfit.cli._improve import command_text
from wellfit.cli._options import Debug, check_json_target
from wellfit.cli._script import Ending, after_import, end_as_interrupted, run_script
from wellfit.cli._status import Status, guarded

if TYPE_CHECKING:
    from wellfit.api import Watched
    from wellfit.models import SeizedFit, Seizure

_WIDTH = 80


@guarded
def watch(
    script: Annotated[Path, typer.Argument(metavar="SCRIPT", help="A Python file that calls fit.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="ARGS", help="Everything after SCRIPT is the script's own.")
    ] = None,
    *,
    json: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Also write the diagnoses as JSON.")
    ] = None,
    no_diagnosis: Annotated[
        bool, typer.Option("--no-diagnosis", help="Judge the curves only; train nothing afterwards.")
    ] = False,
    debug: Debug = False,
) -> Status:
    """Run a training script unedited, and say afterwards what is the matter with its networks.

    The script runs as ``python SCRIPT ARGS`` would run it, on its own Keras backend, with the same output,
    results and exit status. What it passes to compile and fit is examined when it has ended, crashed or been
    interrupted; the verdict goes to stderr.
    """
    target, command = _json_path(json), command_text()
    _check_script(script)
    terminal = sys.stderr
    pid, interrupt_at_end = os.getpid(), end_as_interrupted()
    seizures: list[Seizure] = []
    with after_import("keras", lambda: _seize(seizures, terminal)):
        ending = run_script(str(script), arguments or [])
    for seizure in seizures:
        seizure.stop()
    if os.getpid() != pid:
        raise typer.Exit(ending.status)  # a child that the script forked and let run on
    with _own_interrupts():
        try:
            entries = _diagnose(
                script, ending, seizures, terminal, curves_only=no_diagnosis, debug=debug, command=command
            )
            if target is not None:
                from wellfit.files import write_text  # noqa: PLC0415

                write_text(target, json_module.dumps(entries, indent=2, allow_nan=False) + "\n")
        except KeyboardInterrupt:
            _say(terminal, "wellfit: stopped.")
        except Exception as error:
            _say(terminal, f"wellfit: no diagnosis: {type(error).__name__}: {error}")
            if debug:
                sys.__excepthook__(type(error), error, error.__traceback__)
    if ending.interrupted:
        interrupt_at_end()
    raise typer.Exit(ending.status)


def _json_path(target: str | None) -> Path | None:
    if target == "-":
        raise wellfit.SettingsError(
            "stdout is the script's own.",
            received="--json -",
            expected="the name of a file",
            fix="for example: --json diagnoses.json",
        )
    check_json_target(target)
    return None if target is None else Path(target).absolute()  # the script may change its folder


def _check_script(script: Path) -> None:
    if not script.is_file():
        raise wellfit.FileReadError(
            f"there is no script {str(script)!r}.",
            received="a folder" if script.is_dir() else "a name that is no file",
            expected="a Python file",
            fix="options of wellfit stand before the script's name",
        )


def _seize(seizures: list[Seizure], terminal: TextIO) -> None:
    """Begin to watch Keras, which the script has just imported on the backend of its choice."""
    try:
        seizure = importlib.import_module("wellfit.models").Seizure()
        seizure.start()
        seizures.append(seizure)
    except Exception as error:
        _say(terminal, f"wellfit: fits are not watched: {type(error).__name__}: {error}")


def _diagnose(
    script: Path,
    ending: Ending,
    seizures: Sequence[Seizure],
    terminal: TextIO,
    *,
    curves_only: bool,
    debug: bool,
    command: str,
) -> list[dict[str, Any]]:
    fits = [fit for seizure in seizures for fit in seizure.fits()]
    _say(terminal, f"\n{_headline(script, ending, fits, imported=bool(seizures))}")
    entries: list[dict[str, Any]] = []
    if fits:
        for watched in _watched(fits, terminal, curves_only=curves_only, command=command):
            _show(watched, terminal, debug=debug)
            entries.append(_entry(watched))
    return entries


def _watched(
    fits: Sequence[SeizedFit], terminal: TextIO, *, curves_only: bool, command: str
) -> Iterator[Watched]:
    api = importlib.import_module("wellfit.api")

    def began(fit: SeizedFit) -> None:
        _say(terminal, f"examining network {fit.name!r}; Ctrl-C leaves it at the curves")

    yield from api.diagnose_fits(
        fits,
        diagnose=None if curves_only else wellfit.diagnose,
        judge=lambda history: wellfit.diagnose(history=dict(history)),
        began=began,
        command=command,
    )


def _show(watched: Watched, terminal: TextIO, *, debug: bool) -> None:
    api = importlib.import_module("wellfit.api")
    _say(terminal, f"\n{api.fit_text(watched.fit)}")
    if watched.reason:
        _say(terminal, f"  no experiments: {watched.reason}")
    if debug and watched.details:
        _say(terminal, watched.details)
    if watched.diagnosis is not None:
        _say(terminal, f"\n{wellfit.report.diagnosis_text(watched.diagnosis, _WIDTH)}")


def _entry(watched: Watched) -> dict[str, Any]:
    api = importlib.import_module("wellfit.api")
    found = {} if watched.diagnosis is None else wellfit.report.diagnosis_json(watched.diagnosis)
    fit = api.fit_facts(watched.fit) | {"basis": watched.basis, "reason": watched.reason}
    return {**found, "fit": fit}


def _headline(script: Path, ending: Ending, fits: Sequence[SeizedFit], *, imported: bool) -> str:
    calls = sum(fit.num_fits for fit in fits)
    text = f"wellfit watched {script.name}: "
    if not imported:
        text += "it did not import Keras"
    elif not fits:
        text += "no call of keras.Model.fit"
    else:
        text += f"{calls} call{'s' * (calls != 1)} of fit, {len(fits)} network{'s' * (len(fits) != 1)}"
    if ending.reason not in ("", "exit"):
        text += f"; the script ended by {ending.reason}"
    elif ending.status:
        text += f"; the script ended with status {ending.status}"
    return text


@contextmanager
def _own_interrupts() -> Iterator[None]:
    """Let Ctrl-C stop the diagnosis, whatever the script made of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)


def _say(terminal: TextIO, text: str) -> None:
    """Print on the stderr of the command, wherever the script has sent its own."""
    shown = "".join(char if char.isprintable() or char == "\n" else "?" for char in text)
    try:
        print(shown, file=terminal, flush=True)
    except (OSError, ValueError):
        return
