"""Settings that must be made before any test module is imported."""

import os

import pytest

# Keras reads its backend once, when it is first imported.
os.environ.setdefault("KERAS_BACKEND", "jax")
# Tests run on all cores already: threads of scikit-learn that wait for each other would only slow them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Tests compile more than they compute: what XLA does to make programs quick costs more than it saves here.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

# A worker takes a file at a time. What takes minutes begins first: what is begun last decides when all ends.
SLOW_FILES = (
    "api/test_reported_effects.py",
    "docs/test_tutorials.py",
    "api/test_drawn_pictures.py",
    "api/test_pictures.py",
    "ui/test_ui_browser.py",
    "models/test_preprocessing.py",
    "api/test_final_data.py",
    "population/test_diffusion.py",
    "population/test_pixels.py",
    "cli/test_watch_command.py",
    "api/test_convolutional_remedies.py",
    "models/test_regularize.py",
    "api/test_frozen_parts.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slow files in front, after the order was drawn at random."""
    places = {name: place for place, name in enumerate(SLOW_FILES)}
    items.sort(key=lambda item: places.get("/".join(item.path.parts[-2:]), len(places)))


def pytest_configure(config: pytest.Config) -> None:
    """Let pass the one warning that Keras itself causes.

    Its `Variable.numpy()`, which `Optimizer.get_config()` and `Model.get_weights()` call, has no ``copy``
    argument for NumPy 2 to use.
    """
    known = "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
    config.addinivalue_line("filterwarnings", known)
