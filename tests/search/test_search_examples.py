"""The examples in the docstrings of `wellfit.search` are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import wellfit.search

MODULES = [one.name for one in pkgutil.walk_packages(wellfit.search.__path__, "wellfit.search.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """Every example of the module gives what it says."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    """Every public function has an example, so that the test above is not empty."""
    functions = [getattr(wellfit.search, name) for name in wellfit.search.__all__]
    without = [
        one.__name__ for one in functions if type(one).__name__ == "function" and ">>>" not in one.__doc__
    ]
    assert without == []
