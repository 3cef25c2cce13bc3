"""The code in a report: shown as it is, to be copied, in each form."""

from __future__ import annotations

import dataclasses
import html
import re
from pathlib import Path

from report_samples import full

from wellfit.records import Report
from wellfit.report import read_json, to_html, to_markdown, write_json

CODE = 'import keras\n\n\nlabel = "<b>&  5 % ```"\n'


def _report() -> Report:
    return dataclasses.replace(full(), code=CODE)


def test_the_page_holds_the_code() -> None:
    """It is escaped, and unescaped it is the code, letter by letter."""
    source = to_html(_report())
    found = re.search(r"<pre data-copy><code>(.*?)</code></pre>", source, re.DOTALL)
    assert found is not None
    assert html.unescape(found.group(1)) == CODE
    assert "<b>&  5" not in source


def test_markdown_holds_the_code() -> None:
    """The fence is longer than any inside it."""
    assert f"\n````python\n{CODE}````\n" in to_markdown(_report())


def test_json_keeps_the_code(tmp_path: Path) -> None:
    """What is written is read again."""
    write_json(_report(), tmp_path / "report.json")
    assert read_json(tmp_path / "report.json").code == CODE


def test_without_code_nothing_is_shown() -> None:
    """A study that ended early shows no empty box."""
    assert "Keras code" not in to_html(full())
    assert "Keras code" not in to_markdown(full())
