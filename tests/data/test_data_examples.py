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
MODULES += ["_pictures._encode"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    """Every example in a docstring gives what it says."""
    assert doctest.testmod(importlib.import_module(f"wellfit.data.{name}")).failed == 0


def test_optional_and_upper_packages_are_not_needed(tmp_path):
    """A CSV file becomes a data set where pandas, pyarrow, Keras and JAX cannot be imported."""
    path = tmp_path / "a.csv"
    path.write_text("x,y\n" + "".join(f"{i}.5,{'ab'[i % 2]}\n" for i in range(30)))
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['pandas', 'pyarrow', 'keras', 'jax', 'optuna'])); "
        f"import wellfit.data as d; print(len(d.prepare(d.read_table({str(path)!r}), 'y').working))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "24"
