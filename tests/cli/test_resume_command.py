"""``wellfit resume``: what it asks for, says and ends with."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli_samples import run_command, small_report

import wellfit


class FakeResume:
    """Stands for `wellfit.resume`: keeps its arguments and returns a study, None or an error.

    Args:
        result: what is returned, or raised.
    """

    def __init__(self, result: Any) -> None:
        self.result = result
        self.arguments: dict[str, object] = {}

    def __call__(self, folder: Path, **arguments: object) -> Any:
        """Pretend to go on."""
        self.arguments = {"folder": folder, **arguments}
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def study(folder: Path, partial: str = "") -> SimpleNamespace:
    """Return what is shown of a study."""
    folder.mkdir()
    wellfit.report.write_json(small_report(partial), folder / "report.json")
    return SimpleNamespace(report=small_report(partial), folder=folder, can_go_on=bool(partial))


def test_a_study_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The folder and a database reach the library; the report is shown as that of any study."""
    fake = FakeResume(study(tmp_path / "study"))
    monkeypatch.setitem(vars(wellfit), "resume", fake)
    assert run_command(monkeypatch, "resume", str(tmp_path / "study"), "--storage", "sqlite:///a.db") == 0
    assert fake.arguments["folder"] == tmp_path / "study"
    assert fake.arguments["storage"] == "sqlite:///a.db"
    said = capsys.readouterr().out
    assert "OVERFITS" in said
    assert "report.json" in said
    assert "Go on" not in said


def test_a_study_that_was_stopped_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Its status is that of a partial result."""
    fake = FakeResume(study(tmp_path / "study", partial="the study was stopped before its end"))
    monkeypatch.setitem(vars(wellfit), "resume", fake)
    assert run_command(monkeypatch, "resume", str(tmp_path / "study")) == 3
    assert f"wellfit resume {tmp_path / 'study'}" in capsys.readouterr().out


def test_a_study_that_has_ended_leaves_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """That is no error."""
    study(tmp_path / "study")
    monkeypatch.setitem(vars(wellfit), "resume", FakeResume(None))
    assert run_command(monkeypatch, "resume", str(tmp_path / "study")) == 0
    assert "nothing to do" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (wellfit.StoreError("the disk is full.", fix="make room"), 1),
        (wellfit.OutputError("another study runs."), 2),
        (wellfit.DataError("the data have changed."), 2),
    ],
)
def test_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, status: int
) -> None:
    """A full disk is a failed run; what the caller can change is an argument that cannot be used."""
    monkeypatch.setitem(vars(wellfit), "resume", FakeResume(error))
    assert run_command(monkeypatch, "resume", "study") == status
    assert str(error) in capsys.readouterr().err


def test_the_report_of_a_begun_study_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """In place of saying that a file is missing."""
    (tmp_path / "study.json").write_text("{}", "utf-8")
    assert run_command(monkeypatch, "report", str(tmp_path)) == 2
    assert f"wellfit resume {tmp_path}" in capsys.readouterr().err
