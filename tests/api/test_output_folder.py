"""Where a study is written: what came to be there while it ran is kept, and so is the study."""

from __future__ import annotations

from pathlib import Path

import pytest

from wellfit.api._output import place_now
from wellfit.records import OutputError


def study_in(folder: Path) -> Path:
    """Return a folder that holds a study, as far as its name tells."""
    folder.mkdir()
    (folder / "report.json").write_text("{}", "utf-8")
    return folder


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
