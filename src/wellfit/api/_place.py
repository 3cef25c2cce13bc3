"""Where a study is put: checked before any work, and found at the end whatever came there meanwhile."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

from wellfit.records import OutputError

_DRAFT = ".wellfit-draft"
_LONGEST_PREFIX = 20
"""Letters of a folder's name in those of its draft: names that are long already must not become too long."""
_MOST_TRIES = 20
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT)


def check_folder(folder: Path, *, overwrite: bool) -> None:
    """Raise before any work is done if a study could not be written to `folder` at its end.

    Raises:
        OutputError: it is a file or below one, is not empty and may not be replaced, cannot be written, or
            cannot be a name.
    """
    try:
        _check(folder, overwrite=overwrite)
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links; a null in the name
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"{folder} cannot be a folder for a study.",
            received=str(error),
            expected="a folder that can be made and written",
            fix="choose another --out",
        ) from error


def _check(folder: Path, *, overwrite: bool) -> None:
    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise _not_a_folder(folder)
    entries = os.listdir(folder) if folder.is_dir() else []
    if entries and not overwrite:
        raise OutputError(
            f"{folder} is not empty.",
            received=f"a folder with {len(entries)} entries",
            expected="a folder that does not exist or is empty",
            fix="choose another --out, or pass --overwrite to replace an earlier study",
        )
    if entries and "report.json" not in entries:
        raise OutputError(
            f"{folder} does not hold a study, so it is not replaced.",
            received="a folder without report.json",
            expected="an earlier study, or an empty folder",
            fix="choose another --out",
        )
    parent = folder.parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir():
        raise _not_a_folder(parent)
    closed = [
        place
        for place in ((folder,) if _is_filled_in_place(folder) else (parent, folder))
        if place.exists() and not os.access(place, os.W_OK | os.X_OK)
    ]
    if closed:
        raise OutputError(
            f"{folder} cannot be written.",
            received=f"no permission to write in {closed[0]}",
            expected="a folder that can be written",
            fix="choose another --out",
        )


def _not_a_folder(path: Path) -> OutputError:
    return OutputError(
        f"{path} is a file.",
        received=str(path),
        expected="a folder that does not exist or is empty",
        fix="choose another --out",
    )


def _is_filled_in_place(folder: Path) -> bool:
    """Return whether a folder must stay the same folder: it may be where a shell stands, or a volume."""
    if not folder.is_dir():
        return False
    return os.path.ismount(folder) or not os.listdir(folder) or not os.access(folder.parent, os.W_OK)


def place_now(folder: Path, *, overwrite: bool) -> Path:
    """Return `folder`, or the first free place beside it if it may no longer be replaced: no work is lost.

    Args:
        folder: where the study was to go.
        overwrite: whether it may take the place of an earlier study.

    Raises:
        OutputError: nothing is there, and nothing can be written there.
    """
    try:
        check_folder(folder, overwrite=overwrite)
    except OutputError:
        if not folder.exists():
            raise
        names = (folder.with_name(f"{folder.name}-{number}") for number in count(2))
        return next(place for place in names if not place.exists())
    return folder


def put(folder: Path, fill: Callable[[Path], None], *, overwrite: bool) -> Path:
    """Let `fill` write into an empty folder, and put that where `folder` is, complete or not at all.

    Args:
        folder: where it is to go; links are followed.
        fill: called with the folder to write into; may be called twice.
        overwrite: whether an earlier study is replaced.

    Returns:
        The folder that was written: another one beside it, ``study-2``, where something came to be in
        `folder` meanwhile, such as a study that was started into it at the same time.

    Raises:
        OSError: nothing can be written there.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    if _is_filled_in_place(folder):
        try:
            return _put_into(folder, fill, overwrite=overwrite)
        except FileExistsError:
            pass
    return _put_beside(folder, fill, overwrite=overwrite)


def _put_into(folder: Path, fill: Callable[[Path], None], *, overwrite: bool) -> Path:
    """Write into a draft within `folder` and move what it holds out of it; the report comes last.

    Raises:
        FileExistsError: another study is there, or is being put there.
    """
    draft = folder / _DRAFT
    draft.mkdir()
    try:
        earlier = [path for path in folder.iterdir() if path != draft]
        if earlier and not (overwrite and (folder / "report.json").exists()):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
        fill(draft)
        written = sorted(draft.iterdir(), key=lambda path: path.name == "report.json")
        for path in earlier:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for path in written:
            path.rename(folder / path.name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _put_beside(folder: Path, fill: Callable[[Path], None], *, overwrite: bool) -> Path:
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name[:_LONGEST_PREFIX]}-"))
    try:
        fill(draft)
        draft.chmod(0o755)
        for number in range(1, _MOST_TRIES + 1):
            place = place_now(folder, overwrite=overwrite)
            try:
                _move(draft, place)
            except OSError as error:
                # Between looking and moving another study came to be there, or went away.
                if error.errno not in _TAKEN or number == _MOST_TRIES:
                    raise
            else:
                return place
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    raise AssertionError("the last try returns or raises")


def _move(draft: Path, folder: Path) -> None:
    """Put the draft in its place; an earlier study goes only when the new one is complete."""
    if not folder.exists():
        draft.rename(folder)
        return
    old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name[:_LONGEST_PREFIX]}-old-"))
    try:
        folder.rename(old / "study")
        draft.rename(folder)
    except BaseException:
        if (old / "study").exists() and not folder.exists():
            (old / "study").rename(folder)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
