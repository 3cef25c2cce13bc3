"""Where a study is written: what is there is not lost, and what was begun can go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from wellfit.api._output import check_folder, contents
from wellfit.api._place import claim
from wellfit.api._study_file import StudyFile, write_study_file
from wellfit.records import OutputError, StoreError
from wellfit.store import FolderLock

FILE = StudyFile(state="running", study="", arguments={}, facts={"data": "a"})


def test_an_earlier_study_is_replaced_only_where_it_may_be(tmp_path: Path) -> None:
    """And then its report stays until there is another one."""
    (tmp_path / "report.json").write_text("{}", "utf-8")
    with pytest.raises(OutputError, match="not empty"):
        claim(tmp_path, FILE, overwrite=False, storage=None)
    place = claim(tmp_path, FILE, overwrite=True, storage=None)
    place.close()
    assert {path.name for path in tmp_path.iterdir()} == {"report.json", "study.json", "trials.db"}


def test_what_is_no_study_is_not_replaced_either(tmp_path: Path) -> None:
    """Also where an earlier study may be; and nothing is added to it."""
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(OutputError, match="does not hold a study"):
        claim(tmp_path, FILE, overwrite=True, storage=None)
    assert contents(tmp_path) == ["mine.txt"]


def test_a_place_that_nobody_may_write_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any work is done."""
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(OutputError, match="permission"):
        check_folder(tmp_path / "study", overwrite=False)


def test_the_second_process_is_refused(tmp_path: Path) -> None:
    """Also one that may overwrite; and the lock goes with whoever holds it."""
    place = claim(tmp_path / "study", FILE, overwrite=False, storage=None)
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="another study runs"):
            check_folder(tmp_path / "study", overwrite=overwrite)
        with pytest.raises(OutputError, match="another study runs"):
            claim(tmp_path / "study", FILE, overwrite=overwrite, storage=None)
    assert FolderLock.is_held(tmp_path / "study")
    place.close()
    assert not FolderLock.is_held(tmp_path / "study")


def test_a_begun_study_says_how_to_go_on(tmp_path: Path) -> None:
    """Whoever starts another one into its folder is told of `wellfit resume`."""
    write_study_file(tmp_path, FILE)
    with pytest.raises(OutputError, match=r"has not come to its end[\s\S]*wellfit resume"):
        check_folder(tmp_path, overwrite=False)
    check_folder(tmp_path, overwrite=True)


def test_what_a_kill_at_the_very_start_leaves_is_nothing(tmp_path: Path) -> None:
    """A lock file, a database and a draft, before there is a study.json, are no reason to refuse a study."""
    for name in ("study.lock", "trials.db", "trials.db-wal", ".study.json-abc"):
        (tmp_path / name).write_bytes(b"")
    check_folder(tmp_path, overwrite=False)
    claim(tmp_path, FILE, overwrite=False, storage=None).close()
    assert (tmp_path / "study.json").exists()


def test_a_store_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    """No folder is left by a database that is not there."""
    storage = f"sqlite:///{tmp_path}/missing/trials.db"
    with pytest.raises(StoreError, match="cannot be opened"):
        claim(tmp_path / "study", FILE, overwrite=False, storage=storage)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_a_folder_is_told_before_any_work(tmp_path: Path) -> None:
    """A name that is too long, a place below a file, a loop of links."""
    (tmp_path / "file").write_text("", "utf-8")
    (tmp_path / "file").chmod(0o777)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("n" * 300, "file/study", "loop/study", "a\0b"):
        with pytest.raises(OutputError, match=r"is a file|cannot be a folder"):
            check_folder(tmp_path / name, overwrite=False)
