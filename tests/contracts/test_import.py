"""What importing costs and does: next to nothing."""

import json
import resource
import subprocess
import sys

import pytest

HEAVY = (
    "keras",
    "jax",
    "sklearn",
    "imblearn",
    "matplotlib",
    "optuna",
    "polars",
    "numpy",
    "scipy",
    "rich",
    "typer",
    "fastapi",
)


def run_python(code: str) -> str:
    """Return what `code` prints in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def cpu_s(code: str) -> float:
    """Return the processor time of `code` in a fresh interpreter, the least of five runs."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run_python(code)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(once() for _ in range(5))


def test_import_loads_no_library():
    """``import wellfit`` leaves heavy libraries, and so the choice of a Keras backend, to their first use."""
    loaded = json.loads(run_python("import json, sys, wellfit; print(json.dumps(list(sys.modules)))"))
    assert "wellfit" in loaded
    assert not set(HEAVY) & set(loaded)


def test_import_is_quick():
    """``import wellfit`` takes less than 0.3 s of processor time; waiting is not counted."""
    assert cpu_s("import wellfit") - cpu_s("pass") < 0.3


def test_the_command_starts_without_the_libraries_that_train():
    """``wellfit --help`` answers before Keras or NumPy would have been imported."""
    code = "import json, sys, wellfit.cli; print(json.dumps(list(sys.modules)))"
    loaded = json.loads(run_python(code))
    assert not (set(HEAVY) - {"rich", "typer"}) & set(loaded)


@pytest.mark.parametrize("module", ["wellfit.api", "wellfit.report", "wellfit.cli"])
def test_nothing_happens_at_import(module):
    """No thread starts, no environment variable changes and no device is looked for."""
    code = f"""
import os, sys, threading
import keras, jax, matplotlib, optuna, sklearn.linear_model, polars
before = dict(os.environ), threading.active_count()
import {module}
from jax._src import xla_bridge
assert (dict(os.environ), threading.active_count()) == before
print(xla_bridge.backends_are_initialized())
"""
    environment = "import os; os.environ['KERAS_BACKEND'] = 'jax'"
    assert run_python(environment + code).strip() == "False"
