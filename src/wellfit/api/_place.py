"""The place of a study: a folder that is this process' alone, with what `resume` needs from the start."""

from __future__ import annotations

import contextlib
import shutil
import uuid
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wellfit.api._fingerprint import differences
from wellfit.api._output import check_folder, write_study
from wellfit.api._study import Study
from wellfit.api._study_file import NAME, StudyFile, read_study_file, write_study_file
from wellfit.records import FileReadError, OutputError, SettingsError, StoreError
from wellfit.search import publish_trials
from wellfit.store import FolderLock, TrialStore, sqlite_url, without_password

DATABASE = "trials.db"


class StudyPlace:
    """A folder and the trial store of the study in it; made by `claim` and `reopen`.

    Attributes:
        folder: where results are written.
        file: what ``study.json`` says.
        store: what was trained.
        storage: URL of a database that is not the folder's own, where all trials are shown to Optuna.
        is_new: whether the folder was made for this study, by this process.
    """

    def __init__(
        self,
        folder: Path,
        file: StudyFile,
        lock: FolderLock,
        store: TrialStore,
        *,
        storage: str = "",
        is_new: bool = False,
    ) -> None:
        self.folder, self.file, self.store, self.is_new = folder, file, store, is_new
        self._lock, self._storage = lock, storage

    def finish(self, study: Study) -> Study:
        """Write the results of a study that has ended, and note whether there is more of it to do.

        Raises:
            StoreError: they cannot be written; the study can go on to this point once there is room.
        """
        folder = write_study(study, self.folder)
        if not study.can_go_on:
            with contextlib.suppress(StoreError):  # to save room; on a full disk it takes some first
                self.store.drop_arrays()
        if self._storage:
            self._publish(study)
        state = "stopped" if study.can_go_on else "finished"
        write_study_file(folder, replace(self.file, state=state))
        return replace(study, folder=folder)

    def _publish(self, study: Study) -> None:
        """Show trials to Optuna; a database that refuses that costs nothing but this."""
        name = f"{self.folder.name}-{self.file.study[:8]}"
        try:
            publish_trials(self._storage, name, study.trials, direction=study.report.metric.direction)
        except Exception as error:  # of Optuna, SQLAlchemy or the driver
            warnings.warn(f"the trials were not written for Optuna: {error}", stacklevel=2)

    def is_empty(self) -> bool:
        """Return whether nothing is stored yet."""
        with contextlib.suppress(OSError):
            return not self.store.entries()
        return False

    def close(self) -> None:
        """Let the folder and the database go."""
        self.store.close()
        self._lock.release()


def claim(folder: Path, file: StudyFile, *, overwrite: bool, storage: str | None) -> StudyPlace:
    """Take a folder for a new study, and write down how it was started.

    Args:
        folder: that does not exist, is empty, or holds a study that may be replaced.
        file: what `resume` needs.
        overwrite: whether an earlier study may be replaced; its results stay until there are new ones.
        storage: URL of a database; None makes one in the folder.

    Raises:
        OutputError: the folder cannot be used, or another process works on it.
        StoreError: the database cannot be written.
    """
    folder = folder.absolute()
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(folder)
    except OSError as error:
        raise error if isinstance(error, OutputError) else _unwritable(folder, error) from error
    file = replace(file, study=uuid.uuid4().hex, storage=without_password(storage) if storage else "")
    try:
        check_folder(folder, overwrite=overwrite, is_own=True)  # another process may have been faster
        remove_store(folder)
        store = TrialStore(storage or sqlite_url(folder / DATABASE), file.study)
        store.begin(file.facts)
        write_study_file(folder, file)  # the last: where it is, there is a store
    except BaseException:
        with contextlib.suppress(OSError):
            remove_store(folder)
        lock.release()
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return StudyPlace(folder, file, lock, store, storage=storage or "", is_new=is_new)


def reopen(folder: Path, *, storage: str | None = None) -> StudyPlace:
    """Take the folder of a study that is to go on.

    Args:
        folder: of the study.
        storage: URL of its database, where it has a password.

    Raises:
        FileReadError: there is no such study, or its trial store is gone.
        OutputError: another process works on it.
    """
    folder = folder.absolute()
    file = read_study_file(folder) if folder.is_dir() else None
    if file is None:
        raise _nothing_begun(folder)
    lock = FolderLock(folder)
    try:
        file = read_study_file(folder) or file  # as it is now that nobody else writes it
        if not file.storage and not (folder / DATABASE).is_file():
            raise _store_gone(folder)  # a new one would be made in its place
        store = TrialStore(storage or file.storage or sqlite_url(folder / DATABASE), file.study)
        if store.facts() != file.facts:
            store.close()
            raise _store_gone(folder)
    except BaseException:
        lock.release()
        raise
    return StudyPlace(folder, file, lock, store, storage=storage or file.storage)


@contextlib.contextmanager
def holding(place: StudyPlace | None) -> Iterator[None]:
    """Let the place go at the end; a study that failed before anything was trained leaves nothing behind."""
    try:
        yield
    except BaseException:
        if place is not None and place.is_empty():
            place.close()
            with contextlib.suppress(OSError):
                remove_store(place.folder)
                if place.is_new:
                    place.folder.rmdir()
        raise
    finally:
        if place is not None:
            place.close()


def check_same(place: StudyPlace, facts: Mapping[str, Any]) -> None:
    """Refuse to go on with a study on other data, packages or machines.

    Raises:
        SettingsError: something is not as it was; the message names it.
    """
    found = differences(place.file.facts, facts)
    if found:
        raise SettingsError(
            f"the study in {place.folder} cannot go on as it began.",
            received="; ".join(found),
            expected="the same data, network, settings, packages and kind of machine",
            fix="put that back as it was; or start anew with --overwrite, or with --warm-start elsewhere",
        )


def remove_store(folder: Path) -> None:
    """Take away what `claim` makes in a folder, but for the lock."""
    for name in (NAME, DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal"):
        (folder / name).unlink(missing_ok=True)


def _unwritable(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{folder} cannot be written.",
        received=f"{type(error).__name__}: {error}",
        expected="a folder that can be written, and room on the disk",
        fix="choose another --out",
    )


def _nothing_begun(folder: Path) -> FileReadError:
    has_report = (folder / "report.json").exists()
    return FileReadError(
        f"{folder} holds no study that could go on.",
        received="a study of an earlier wellfit" if has_report else f"a folder without {NAME}",
        expected="the output folder of `wellfit improve`",
        fix="check the path",
    )


def _store_gone(folder: Path) -> FileReadError:
    return FileReadError(
        f"the trial store of the study in {folder} is gone, or is another study's.",
        received="no database with the runs of this study",
        expected=f"{DATABASE} in the folder, or the database that --storage named",
        fix="put it back, or start the study anew with --overwrite",
    )
