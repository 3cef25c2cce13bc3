"""``wellfit compare``: two saved studies side by side, and what cannot be compared."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_samples import run_command, small_report

import wellfit
from wellfit.records import Metric


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a fresh folder that holds two studies."""
    monkeypatch.chdir(tmp_path)
    report = small_report()
    assert report.holdout is not None
    better = dataclasses.replace(report.holdout, improved={"log_loss": 0.4})
    save(tmp_path / "first", report)
    save(tmp_path / "second", dataclasses.replace(report, holdout=better))
    return tmp_path


def save(folder: Path, report: wellfit.Report) -> None:
    """Write the report of a study."""
    folder.mkdir(parents=True)
    wellfit.report.write_json(report, folder / "report.json")


def test_studies_are_shown_side_by_side(monkeypatch, capsys):
    """Status 0; the better one first; lines of at most 80 columns; nothing on stderr."""
    assert run_command(monkeypatch, "compare", "first", "second/") == 0
    out, err = capsys.readouterr()
    assert out.index("1. second") < out.index("2. first")
    assert max(map(len, out.splitlines())) <= 80
    assert err == ""


def test_the_page_and_the_data_are_written(monkeypatch, capsys, folder):
    """``--html`` and ``--json`` write files beside what is shown."""
    arguments = ("compare", "first", "second", "--html", "both.html", "--json", "both.json")
    assert run_command(monkeypatch, *arguments) == 0
    assert "2 studies side by side" in (folder / "both.html").read_text()
    names = [study["name"] for study in json.loads((folder / "both.json").read_text())["studies"]]
    assert names == ["second", "first"]
    assert "2 studies by log_loss" in capsys.readouterr().out


def test_json_on_stdout_stands_alone(monkeypatch, capsys):
    """``--json -`` can be piped into a parser."""
    assert run_command(monkeypatch, "compare", "first", "second", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["ranked"] is True


def test_different_metrics_are_shown(monkeypatch, capsys, folder):
    """They are not ranked, and that is no error."""
    other = dataclasses.replace(small_report(), metric=Metric(name="accuracy", direction="maximize"))
    save(folder / "third", other)
    assert run_command(monkeypatch, "compare", "third", "first") == 0
    out = capsys.readouterr().out
    assert "Metrics differ (accuracy, log_loss), so the studies are not ranked." in out
    assert out.index("third") < out.index("first")


def test_folders_of_one_name_are_told_apart(monkeypatch, capsys, folder):
    """Both are there, by their paths."""
    save(folder / "old" / "first", small_report())
    assert run_command(monkeypatch, "compare", "first", "old/first", "--json", "-") == 0
    names = {study["name"] for study in json.loads(capsys.readouterr().out)["studies"]}
    assert names == {str(folder / "first"), str(folder / "old" / "first")}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("first",), "nothing to compare with"),
        (("first", "./first"), "nothing to compare with"),
        (("first", "nowhere"), "no such folder"),
        (("first", "."), "a folder without report.json"),
        (("first", "second", "--html", "missing/page.html"), "the page cannot be written"),
        (("first", "second", "--json", "missing/data.json"), "the JSON file cannot be written"),
    ],
)
def test_what_cannot_be_compared(monkeypatch, capsys, arguments, words):
    """Status 2, with what came in and what is expected; nothing on stdout."""
    assert run_command(monkeypatch, "compare", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert "Expected:" in err


def test_a_damaged_report_is_named(monkeypatch, capsys, folder):
    """The message says which file cannot be read."""
    (folder / "second" / "report.json").write_text("{")
    assert run_command(monkeypatch, "compare", "first", "second") == 2
    assert str(Path("second") / "report.json") in capsys.readouterr().err


def test_comparing_trains_nothing(monkeypatch, capsys):
    """Neither Keras nor JAX is loaded to show what was found before."""
    for name in ("keras", "jax"):
        monkeypatch.setitem(sys.modules, name, None)
    assert run_command(monkeypatch, "compare", "first", "second") == 0
    assert "2 studies" in capsys.readouterr().out


def test_a_reader_that_has_gone_gets_its_files_and_no_complaint(folder):
    """``wellfit compare ... --html F | head``: the page is written, nothing is said about the pipe."""
    reading, writing = os.pipe()
    os.close(reading)
    arguments = ("compare", "first", "second", "--html", "both.html")
    ended = subprocess.run(
        [sys.executable, "-m", "wellfit", *arguments],
        check=False,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "2 studies side by side" in (folder / "both.html").read_text()
