"""Files are there whole, or as they were."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from wellfit import files
from wellfit.records import OutputError


def test_the_examples_are_true() -> None:
    """Those of the docstrings."""
    assert doctest.testmod(files).failed == 0


def test_what_fails_in_between_leaves_the_earlier_file(tmp_path: Path) -> None:
    """And no draft of it."""
    path = tmp_path / "said.txt"
    files.write_text(path, "earlier")

    def fail() -> None:
        with files.written_whole(path) as draft:
            draft.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [one.read_text() for one in tmp_path.iterdir()] == ["earlier"]


def test_what_cannot_be_written_says_where(tmp_path: Path) -> None:
    """A folder that is not there, and a full disk."""
    with pytest.raises(OutputError, match="nowhere"):
        files.write_text(tmp_path / "nowhere" / "said.txt", "all")

    def fill() -> None:
        with files.written_whole(tmp_path / "said.txt"):
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left"):
        fill()
    assert not list(tmp_path.iterdir())


def test_others_may_read_it(tmp_path: Path) -> None:
    """Unlike a temporary file."""
    files.write_text(tmp_path / "said.txt", "lone \ud800 surrogate")
    assert (tmp_path / "said.txt").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "said.txt").read_text("utf-8") == "lone ? surrogate"
