"""The examples in the docstrings of what reads and repairs networks are true."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["_branches", "_freeze", "_lambda", "_reading", "_repair"])
def test_examples(name: str) -> None:
    """Every example of the module gives what it says."""
    found = doctest.testmod(importlib.import_module(f"wellfit.models.{name}"))
    assert found.attempted
    assert found.failed == 0
