"""A study that was killed or stopped goes on where it was."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from wellfit.api._clock import Clock
from wellfit.api._demo import demo_table
from wellfit.api._events import Listener
from wellfit.api._fingerprint import data_facts
from wellfit.api._improve import perform
from wellfit.api._place import StudyPlace, check_same, reopen
from wellfit.api._ration import read_budget
from wellfit.api._study import Study
from wellfit.api._study_file import StudyFile, read_back
from wellfit.records import DataError, SettingsError


def resume(
    folder: str | Path,
    *data: Any,
    storage: str | None = None,
    listener: Listener | None = None,
    stop: threading.Event | None = None,
    **given: Any,
) -> Study | None:
    """Go on with a study that was killed, broke off or was stopped, from its last run that had ended.

    All that it trained is in its trial store; only what was in flight is trained again. On the same machine
    it ends at the report that it would have come to, but for the times in it. Its budget goes on where it
    was. One that used its budget up has ended: begin another with ``improve(..., warm_start=folder)``.

    Args:
        folder: the study's output folder.
        *data: the same data again, if they were no file or folder.
        storage: URL of the trial store again, if it has a password.
        listener: called with every `Event`.
        stop: set it to end the study early with what there is.
        **given: other arguments of `improve` that could not be written down, such as ``model=`` for a network
            that was handed over in memory; the same again.

    Returns:
        The study, or None where it had come to its end already: there is nothing to do.

    Raises:
        FileReadError: the folder holds no such study.
        OutputError: another process works on it.
        DataError: the data are other ones than those that the study began with.
        SettingsError: something else is not as it was: packages, network or machine.

    Example:
        >>> study = resume("wellfit-churn")  # doctest: +SKIP
    """
    place = reopen(Path(folder), storage=storage)
    handed_over = False
    try:
        file = place.file
        if file.state == "finished":
            return None
        _check_given(file, data, given)
        arguments = {**read_back(file.arguments), **given}
        own = arguments.pop("data", None)
        data = data or (tuple(own) if isinstance(own, list) else (own,))
        _check_data(place, data)
        clock = Clock(read_budget(arguments["budget"]).seconds, stop=stop)

        def kept(facts: Mapping[str, Any]) -> StudyPlace:
            nonlocal handed_over
            check_same(place, facts)
            handed_over = True
            return place

        with ExitStack() as stack:
            if file.origin == "demo":
                data = (stack.enter_context(demo_table()),)
            return perform(
                data,
                arguments,
                kept,
                clock,
                listener=listener,
                command=file.command,
                memory_bytes=file.memory_bytes,
            )
    finally:
        if not handed_over:
            place.close()


def _check_given(file: StudyFile, data: tuple[Any, ...], given: Mapping[str, Any]) -> None:
    """Ask for what could not be written down, and for nothing else.

    Raises:
        SettingsError: something is missing, or is known already.
    """
    named = set(given) | ({"data"} if data else set())
    if named == set(file.in_memory):
        return
    wanted = ", ".join("the data" if name == "data" else f"{name}=" for name in file.in_memory)
    raise SettingsError(
        "the study needs what it was started with from memory, and nothing else.",
        received=", ".join(sorted(named)) or "the folder alone",
        expected=f"the folder, and again {wanted}" if wanted else "the folder alone",
        fix="call wellfit.resume(folder, ...) from Python with the same objects" if wanted else "",
    )


def _check_data(place: StudyPlace, data: tuple[Any, ...]) -> None:
    """Refuse a file or folder that is not what it was.

    Raises:
        DataError: it is gone, or was changed.
    """
    known = place.file.data
    if known and data_facts(data[0]) != known:
        raise DataError(
            "the data have changed since the study began.",
            received=f"{known['path']}, whose SHA-256 is another one now",
            expected=f"the {known['size_bytes']:,} bytes that it began with ({known['sha256'][:12]}...)",
            fix="put them back; or start a new study, with --warm-start to begin with what this one found",
        )
