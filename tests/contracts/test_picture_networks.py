"""What remedies for pictures hand back is the same network on another Keras backend, without wellfit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from wellfit.models import (
    Model,
    find_layout,
    restructured,
    save_plain,
    with_stochastic_depth,
    with_test_views,
)
from wellfit.records import Structure, Task

NAMES = ("views", "stochastic depth", "small kernels", "separable")
READER = """
import sys
import keras
import numpy as np
assert keras.backend.backend() == sys.argv[1]
assert not any(name.partition(".")[0] == "wellfit" for name in sys.modules)
rows = np.load("rows.npy")
for name in sys.argv[2:]:
    model = keras.models.load_model(f"{name}.keras")
    model.jit_compile = False  # Keras keeps what JAX chose; to compile takes far longer than to run
    np.save(f"{name}.npy", model.predict(rows, verbose=0))
    model.fit(rows, np.zeros(len(rows)), epochs=1, verbose=0)
    assert np.abs(model.predict(rows, verbose=0) - np.load(f"{name}.npy")).max() > 0, name
"""


def residual() -> Model:
    """Return a network for pictures of 8 by 8 with two residual branches, compiled."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(8, 5, name="stem")(x)
    for number in (1, 2):
        inner = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name=f"inner{number}")(x)
        x = keras.layers.Add(name=f"sum{number}")([x, inner])
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="head")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def networks() -> dict[str, Model]:
    """Return the network as each remedy leaves it."""
    given = residual()
    layout = find_layout(given)
    return {
        "views": with_test_views(given, "flip-shift", Task.MULTICLASS),
        "stochastic depth": with_stochastic_depth(given, 0.3),
        "small kernels": restructured(given, layout, Structure(convolutions="small")),
        "separable": restructured(given, layout, Structure(convolutions="separable")),
    }


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("torch", marks=pytest.mark.torch),
        pytest.param("tensorflow", marks=pytest.mark.tensorflow),
    ],
)
def test_other_backends_predict_and_train_the_same_network(backend: str, tmp_path: Path) -> None:
    """The file is loaded without custom objects, puts out what it puts out on JAX, and can be trained on."""
    rows = np.random.default_rng(0).uniform(0, 255, (6, 8, 8, 3)).astype(np.float32)
    np.save(tmp_path / "rows.npy", rows)
    expected = {}
    for name, model in networks().items():
        save_plain(model, tmp_path / f"{name}.keras")
        expected[name] = model.predict(rows, verbose=0)
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-c", READER, backend, *NAMES]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    assert set(expected) == set(NAMES)
    for name in NAMES:
        assert np.ptp(expected[name]) > 0
        np.testing.assert_allclose(
            np.load(tmp_path / f"{name}.npy"), expected[name], rtol=1e-4, atol=1e-5, err_msg=name
        )
