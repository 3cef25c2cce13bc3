"""The examples in the docstrings of `wellfit.drift` are true, and importing it is light."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
import subprocess
import sys

import pytest

import wellfit.drift

MODULES = [one.name for one in pkgutil.walk_packages(wellfit.drift.__path__, "wellfit.drift.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """Every example of the module gives what it says."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_a_server_can_import_it() -> None:
    """Neither what trains nor what reads tables is loaded, nor the slow part of SciPy."""
    code = "import json, sys, wellfit.drift; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "scipy.special" in loaded
    assert not {"keras", "jax", "polars", "sklearn", "scipy.stats", "matplotlib"} & loaded
