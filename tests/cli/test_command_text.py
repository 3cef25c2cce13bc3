"""The command as reports tell it."""

from __future__ import annotations

import sys

import pytest

from wellfit.cli._improve import command_text


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:secret@host/trials",
        "postgresql://me:se/cret%40secret@host:5432/trials",
        "postgresql://me:se@cret@host/trials",
        "mysql+pymysql://host/trials?user=me&password=secret",
    ],
)
@pytest.mark.parametrize("joined", [True, False])
def test_passwords_are_not_told(monkeypatch, url, joined):
    """A report is shown to others, and the command stands in it."""
    option = [f"--storage={url}"] if joined else ["--storage", url]
    monkeypatch.setattr(sys, "argv", ["wellfit", "improve", "a b.csv", *option, "--target", "y"])
    told = command_text()
    assert "cret" not in told
    assert "host" in told
    assert told.startswith("wellfit improve 'a b.csv' ")
    assert told.endswith("--target y")
