"""The examples in the docstrings run and say what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "wellfit.population._augmented",
        "wellfit.population._choose",
        "wellfit.population._running_curves",
        "wellfit.models._bytes",
        "wellfit.models._optimizer",
    ],
)
def test_examples(name: str) -> None:
    """Every example gives the output that is printed below it."""
    results = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert results.attempted > 0
    assert results.failed == 0
