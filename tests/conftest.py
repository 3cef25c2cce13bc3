"""Settings that must be made before any test module is imported."""

import os

import pytest

# Keras reads its backend once, when it is first imported.
os.environ.setdefault("KERAS_BACKEND", "jax")
# Tests run on all cores already: threads of scikit-learn that wait for each other would only slow them.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_configure(config: pytest.Config) -> None:
    """Let pass the one warning that Keras itself causes.

    Its `Variable.numpy()`, which `Optimizer.get_config()` and `Model.get_weights()` call, has no ``copy``
    argument for NumPy 2 to use.
    """
    known = "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
    config.addinivalue_line("filterwarnings", known)
