"""The examples in docstrings of the command line run and are true."""

import doctest
import importlib
import pkgutil

import pytest

from wellfit import cli

MODULES = ["wellfit"] + [f"wellfit.cli.{module.name}" for module in pkgutil.iter_modules(cli.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    """Every example gives what it shows."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0
