"""The examples in docstrings of bundles in use run and are true."""

import doctest
import importlib
import pkgutil

import pytest

from wellfit import serving

MODULES = [
    module.name
    for module in pkgutil.walk_packages(serving.__path__, "wellfit.serving.")
    if "Example:" in (importlib.import_module(module.name).__loader__.get_source(module.name) or "")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    """Every example gives what it shows."""
    result = doctest.testmod(importlib.import_module(name))
    assert (result.failed, result.attempted > 0) == (0, True)
