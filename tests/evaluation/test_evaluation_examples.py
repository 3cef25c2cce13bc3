"""The examples in the docstrings of `wellfit.evaluation` are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import wellfit.evaluation

MODULES = [one.name for one in pkgutil.walk_packages(wellfit.evaluation.__path__, "wellfit.evaluation.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """Every example of the module gives what it says."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    """Every public function has an example, so that the test above is not empty."""
    functions = [getattr(wellfit.evaluation, name) for name in wellfit.evaluation.__all__]
    without = [
        one.__name__ for one in functions if type(one).__name__ == "function" and ">>>" not in one.__doc__
    ]
    assert without == []
