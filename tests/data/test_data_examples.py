"""The examples in the docstrings, and what the package may import."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import wellfit.data

MODULES = sorted(module.name for module in pkgutil.iter_modules(wellfit.data.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    """Every example in a docstring gives what it says."""
    assert doctest.testmod(importlib.import_module(f"wellfit.data.{name}")).failed == 0


def test_imports_no_network_library():
    """Reading tables needs neither Keras nor JAX nor pandas."""
    code = "import sys, wellfit.data; print({'keras', 'jax', 'pandas', 'optuna'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
