"""The examples in the docstrings of `wellfit.diagnosis` are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import wellfit.diagnosis

MODULES = [one.name for one in pkgutil.walk_packages(wellfit.diagnosis.__path__, "wellfit.diagnosis.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """Every example of the module gives what it says."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    """The test above is not empty."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [one for name in MODULES for one in finder.find(importlib.import_module(name)) if one.examples]
    assert found
