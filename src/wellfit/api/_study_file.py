"""``study.json``: how a study was started and how far it came, for `resume`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from wellfit.data import Preparation
from wellfit.files import write_text
from wellfit.records import FileReadError

NAME = "study.json"
VERSION = 1
_PREPARATION = "preparation"

State = Literal["running", "stopped", "finished"]


@dataclass(frozen=True, kw_only=True)
class StudyFile:
    """What a study's folder says of the study.

    Attributes:
        state: running (or killed), stopped with a partial result, or finished.
        study: its name in the trial store.
        storage: URL of the trial store, without a password; empty for ``trials.db`` in the folder.
        origin: what started it: improve or demo.
        command: the same as it was typed, for the report.
        arguments: of `improve` that can be written down; paths are absolute.
        in_memory: names of the others, which `resume` needs again.
        data: path of the data, its size and SHA-256; empty for data in memory.
        memory_bytes: that were free at the start.
        facts: what must be the same for the study to go on, see `surroundings`.
        version: of this file.
    """

    state: State
    study: str
    arguments: Mapping[str, Any]
    storage: str = ""
    origin: str = "improve"
    command: str = ""
    in_memory: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    memory_bytes: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    version: int = VERSION


def write_study_file(folder: Path, found: StudyFile) -> None:
    """Write ``study.json``, which is there whole or as it was before.

    Raises:
        OutputError: the folder cannot be written.
    """
    write_text(folder / NAME, json.dumps(asdict(found), indent=1))


def read_study_file(folder: Path) -> StudyFile | None:
    """Return what ``study.json`` says, None where there is none.

    Raises:
        FileReadError: it cannot be read, or is of a later version.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text("utf-8"))
        if values["version"] > VERSION:
            raise ValueError(f"version {values['version']} of it, which a later wellfit wrote")
        known = {one.name for one in fields(StudyFile)}
        found = {name: value for name, value in values.items() if name in known}
        return StudyFile(**{**found, "in_memory": tuple(found.get("in_memory", ()))})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileReadError(
            f"{path} cannot be read.",
            received=f"{type(error).__name__}: {error}",
            expected="what `wellfit improve` wrote",
            fix="start the study anew with --overwrite",
        ) from error


def is_unfinished(folder: Path) -> bool:
    """Return whether a study was begun in a folder and has no result there yet."""
    try:
        found = read_study_file(folder)
    except FileReadError:
        return False
    return found is not None and found.state == "running"


def refuse_unfinished(folder: Path) -> None:
    """Refuse to read results from a folder whose study has none yet.

    Raises:
        FileReadError: it runs, or was killed.
    """
    if is_unfinished(folder) and not (folder / "report.json").exists():
        raise FileReadError(
            f"the study in {folder} has not come to its end.",
            received="a folder with the runs of a study, and no report",
            expected="a finished study",
            fix=f"if it runs no more: wellfit resume {folder}",
        )


def written_down(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return arguments as plain JSON values, and the names of those that exist in memory alone.

    Example:
        >>> written_down({"target": "y", "model": object()})
        ({'target': 'y'}, ('model',))
    """
    plain: dict[str, Any] = {}
    in_memory: list[str] = []
    for name, value in arguments.items():
        if isinstance(value, Preparation):
            plain[name] = {_PREPARATION: dataclasses.asdict(value)}
        elif _is_plain(value):
            plain[name] = _absolute(name, value)
        else:
            in_memory.append(name)
    return plain, tuple(in_memory)


def read_back(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that `written_down` wrote."""
    found = dict(plain)
    value = found.get(_PREPARATION)
    if isinstance(value, Mapping) and _PREPARATION in value:
        found[_PREPARATION] = Preparation(**value[_PREPARATION])
    return found


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(_is_plain(one) for one in value)
    return value is None or isinstance(value, bool | int | float | str | Path)


def _absolute(name: str, value: Any) -> Any:
    """Return paths as absolute text: `resume` may be called from elsewhere."""
    if isinstance(value, Path) or (isinstance(value, str) and name in ("data", "holdout", "warm_start")):
        return str(Path(value).expanduser().absolute())
    if name == "model" and isinstance(value, str):
        source, separator, function = value.rpartition(":")
        if separator and Path(source).is_file():
            return f"{Path(source).absolute()}:{function}"
        return str(Path(value).absolute()) if Path(value).is_file() else value
    return value
