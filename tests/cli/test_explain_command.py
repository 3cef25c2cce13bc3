"""``wellfit explain``: the page of a cause on the terminal, from a checkout and from a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from wellfit.cli._app import app
from wellfit.diagnosis import CAUSES
from wellfit.report import cause_codes, cause_page

PAGES = Path(__file__).parents[2] / "docs" / "causes"


def run(*arguments: str) -> tuple[int, str, str]:
    """Return exit status, output and errors of the command."""
    done = CliRunner().invoke(app, ["explain", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_every_cause_is_explained() -> None:
    """Every code has its page, and the list has all codes."""
    codes = [cause.code for cause in CAUSES]
    assert set(codes) | {"healthy"} == set(cause_codes())
    assert all(cause_page(code).startswith(f"# {code}\n") for code in codes)
    status, told, _ = run()
    assert status == 0
    assert told.split() == list(cause_codes())


@pytest.mark.parametrize("code", ["too-few-rows", "wiring"])
def test_a_page_is_printed_whole(code: str) -> None:
    """Behind a pipe it is the Markdown itself."""
    assert run(code) == (0, (PAGES / f"{code}.md").read_text(), "")


def test_an_unknown_cause_is_refused_with_a_hint() -> None:
    """The error has the closest code."""
    status, told, errors = run("too-few-row")
    assert status == 2
    assert not told
    assert "did you mean 'too-few-rows'?" in errors
    assert cause_page("../README") == ""
