"""Where a study is written: what came to be there while it ran is kept, and so is the study."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from wellfit.api import _output, _place
from wellfit.api._output import write_study
from wellfit.api._place import check_folder, place_now, put
from wellfit.records import OutputError


def study_in(folder: Path) -> Path:
    """Return a folder that holds a study, as far as its name tells."""
    folder.mkdir()
    (folder / "report.json").write_text("{}", "utf-8")
    return folder


def fill(draft: Path) -> None:
    """Write something like a study."""
    (draft / "report.json").write_text("new", "utf-8")
    (draft / "bundle").mkdir()


def names_in(folder: Path) -> list[str]:
    """Return what a folder holds, hidden things too."""
    return sorted(os.listdir(folder))


def test_a_study_that_was_written_meanwhile_is_kept(tmp_path: Path) -> None:
    """The second one goes beside it, to the first free name."""
    folder = tmp_path / "study"
    assert place_now(folder, overwrite=False) == folder
    study_in(folder)
    assert place_now(folder, overwrite=False) == tmp_path / "study-2"
    study_in(tmp_path / "study-2")
    assert place_now(folder, overwrite=False) == tmp_path / "study-3"
    assert place_now(folder, overwrite=True) == folder


def test_what_is_no_study_is_not_replaced_either(tmp_path: Path) -> None:
    """Also where an earlier study may be."""
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine", "utf-8")
    assert place_now(folder, overwrite=True) == tmp_path / "study-2"


def test_a_place_that_nobody_may_write_stays_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name beside it would be no better."""
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(OutputError, match="permission"):
        place_now(tmp_path / "study", overwrite=False)


def test_what_cannot_be_a_folder_is_told_before_any_work(tmp_path: Path) -> None:
    """A name that is too long, a place below a file, a loop of links."""
    (tmp_path / "file").write_text("", "utf-8")
    (tmp_path / "file").chmod(0o777)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("n" * 300, "file/study", "loop/study", "a\0b"):
        with pytest.raises(OutputError, match=r"is a file|cannot be a folder"):
            check_folder(tmp_path / name, overwrite=False)


def test_a_study_appears_under_a_name_that_is_nearly_too_long(tmp_path: Path) -> None:
    """The draft beside it has a shorter name."""
    folder = tmp_path / ("n" * 250)
    check_folder(folder, overwrite=False)
    assert put(folder, fill, overwrite=False) == folder
    assert names_in(tmp_path) == [folder.name]


def test_an_empty_folder_stays_the_same_folder(tmp_path: Path) -> None:
    """A shell may stand in it, and it may be a volume, which cannot be renamed."""
    folder = tmp_path / "study"
    folder.mkdir()
    before = folder.stat().st_ino
    assert put(folder, fill, overwrite=False) == folder
    assert folder.stat().st_ino == before
    assert names_in(folder) == ["bundle", "report.json"]
    assert names_in(tmp_path) == ["study"]


def test_a_volume_is_filled_again_with_overwrite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its earlier study goes when the new one is complete."""
    folder = study_in(tmp_path / "study")
    (folder / "earlier").mkdir()
    monkeypatch.setattr("os.path.ismount", lambda path: Path(path) == folder)
    with pytest.raises(OSError, match="full"):
        put(folder, _full, overwrite=True)
    assert names_in(folder) == ["earlier", "report.json"]
    put(folder, fill, overwrite=True)
    assert names_in(folder) == ["bundle", "report.json"]
    assert put(folder, fill, overwrite=False) == tmp_path / "study-2"


def test_a_link_is_followed(tmp_path: Path) -> None:
    """The folder that it leads to is filled, and the link stays."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    assert put(tmp_path / "link", fill, overwrite=False) == tmp_path / "disk"
    assert (tmp_path / "link").is_symlink()
    assert names_in(tmp_path / "disk") == ["bundle", "report.json"]


def test_two_that_look_at_once_are_both_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The place that was free is taken between looking and moving."""
    folder, move = tmp_path / "study", _place._move

    def late(draft: Path, place: Path) -> None:
        if place == folder:
            place.mkdir()
            fill(place)
            raise OSError(errno.ENOTEMPTY, "Directory not empty")
        move(draft, place)

    monkeypatch.setattr(_place, "_move", late)
    assert put(folder, fill, overwrite=False) == tmp_path / "study-2"
    assert names_in(tmp_path) == ["study", "study-2"]


def test_an_earlier_study_comes_back_where_the_new_one_cannot_be_moved(tmp_path: Path) -> None:
    """It was set aside already."""
    folder = study_in(tmp_path / "study")
    with pytest.raises(FileNotFoundError):
        _place._move(tmp_path / "gone", folder)
    assert names_in(folder) == ["report.json"]
    assert names_in(tmp_path) == ["study"]


def _full(draft: Path) -> None:
    (draft / "half").write_text("", "utf-8")
    raise OSError(errno.ENOSPC, "the disk is full")


def test_a_full_disk_does_not_cost_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written to the folder for temporary files, and that is told."""
    full, spare = tmp_path / "full", tmp_path / "spare"
    full.mkdir()
    spare.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spare))
    monkeypatch.setattr(
        _output, "_fill", lambda _, draft: (_full if draft.is_relative_to(full) else fill)(draft)
    )
    with pytest.warns(RuntimeWarning, match=r"the disk is full.*spare"):
        assert write_study(None, full / "study", overwrite=False) == spare / "study"  # pyright: ignore
    assert names_in(full) == []
    monkeypatch.setattr(_output, "_fill", lambda _, draft: _full(draft))
    with pytest.raises(OutputError, match="room on the disk"):
        write_study(None, full / "study", overwrite=False)  # pyright: ignore
    assert names_in(full) == []
    assert names_in(spare) == ["study"]
