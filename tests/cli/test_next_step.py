"""What the command says can be done next with a study's folder."""

from __future__ import annotations

import json
import re
from pathlib import Path

from wellfit.cli._study import files_text


def _folder(tmp_path: Path, *, picture_fit: str, encoder: bool) -> Path:
    bundle = tmp_path / "study" / "bundle"
    bundle.mkdir(parents=True)
    (bundle / "bundle.json").write_text(json.dumps({"picture_fit": picture_fit}), "utf-8")
    if encoder:
        (bundle / "encoder.json").write_text("{}", "utf-8")
    return bundle.parent


def test_a_table_is_followed_by_rows(tmp_path: Path) -> None:
    """A study of a table predicts rows."""
    assert files_text(_folder(tmp_path, picture_fit="", encoder=True)).endswith("NEW_ROWS.csv")


def test_pictures_are_followed_by_pictures(tmp_path: Path) -> None:
    """A study of pictures predicts pictures."""
    assert files_text(_folder(tmp_path, picture_fit="stretch", encoder=False)).endswith("NEW_PICTURES")


def test_the_code_is_listed(tmp_path: Path) -> None:
    """The script that trains the network has a line of its own."""
    folder = _folder(tmp_path, picture_fit="", encoder=False)
    (folder / "train.py").write_text("import keras\n", "utf-8")
    assert re.search(r"^Code +.*train\.py$", files_text(folder), re.MULTILINE)


def test_arrays_are_followed_by_nothing(tmp_path: Path) -> None:
    """A study of arrays cannot read files, so that nothing is promised."""
    assert "predict" not in files_text(_folder(tmp_path, picture_fit="", encoder=False))
