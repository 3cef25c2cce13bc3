"""``--lang``: page and text of a study in Chinese, its record in English."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from cli_samples import run_command, small_report

import wellfit
from wellfit.cli._options import LanguageOption
from wellfit.cli._study import run_study


def test_a_report_is_drawn_in_chinese(monkeypatch, capsys, tmp_path):
    """`report --lang zh` redraws the page and keeps the record; without `--lang` the page is English."""
    wellfit.report.write_json(small_report(), tmp_path / "report.json")
    record = (tmp_path / "report.json").read_bytes()
    assert run_command(monkeypatch, "report", str(tmp_path), "--lang", "zh") == 0
    assert "留出集" in capsys.readouterr().out
    page = tmp_path / "report.html"
    assert '<html lang="zh-Hans">' in page.read_text("utf-8")
    assert (tmp_path / "report.json").read_bytes() == record
    assert run_command(monkeypatch, "report", str(tmp_path)) == 0
    assert '<html lang="en">' in page.read_text("utf-8")


def test_a_study_is_drawn_in_chinese(capsys, tmp_path):
    """What `improve` and `demo` do at the end: the page in the folder is drawn anew in the language."""
    study = SimpleNamespace(report=small_report(), folder=Path(tmp_path))
    run_study(lambda listener, stop: study, json_target=None, lang="zh")
    assert '<html lang="zh-Hans">' in (tmp_path / "report.html").read_text("utf-8")
    assert "留出集" in capsys.readouterr().out


def test_a_language_that_is_not_there(monkeypatch, capsys, tmp_path):
    """Status 2, and the message names those that are."""
    assert run_command(monkeypatch, "report", str(tmp_path), "--lang", "tlh") == 2
    assert "'zh'" in capsys.readouterr().err


def test_every_language_is_an_option():
    """The command offers the languages that have a catalogue."""
    assert tuple(option.value for option in LanguageOption) == wellfit.report.languages()
