"""A written network is the same on another Keras backend, in an environment that never saw wellfit."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from wellfit.models import Model, dense_stack, find_layout, residual_mlp, resize, save_plain
from wellfit.records import Task

pytestmark = pytest.mark.torch

READER = """
import sys
import keras
import numpy as np
assert keras.backend.backend() == "torch"
assert not any(name.partition(".")[0] == "wellfit" for name in sys.modules)
model = keras.models.load_model(sys.argv[1])
rows = np.load(sys.argv[2])
before = model.predict(rows, verbose=0)
np.save(sys.argv[3], before)
model.fit(rows, np.zeros(len(rows)), epochs=1, verbose=0)
assert np.abs(model.predict(rows, verbose=0) - before).max() > 0
"""


def networks() -> dict[str, Model]:
    """Return what studies hand back: both built-in networks, resized ones, and a user's own kind."""
    residual = residual_mlp(num_features=6, task=Task.BINARY, width=16)
    stack = dense_stack(num_features=6, task=Task.REGRESSION, units=(16, 8), dropout=0.2)
    own = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(8, kernel_regularizer=keras.regularizers.L1L2(1e-4, 1e-3)),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("gelu"),
            keras.layers.Dense(1, "sigmoid"),
        ]
    )
    own.compile("adamw", "binary_crossentropy")
    return {
        "residual": residual,
        "stack": stack,
        "wider": resize(residual, find_layout(residual), width=2.0, depth=1),
        "narrower": resize(stack, find_layout(stack), width=0.5),
        "own": own,
    }


@pytest.mark.parametrize("name", ["residual", "stack", "wider", "narrower", "own"])
def test_torch_predicts_and_trains_the_same_network(tmp_path: Path, name: str):
    """PyTorch loads the file without custom objects, predicts what JAX predicts, and can train on."""
    model = networks()[name]
    if not model.compiled:
        model.compile("adam", "mse")
    rows = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    save_plain(model, tmp_path / "model.keras")
    np.save(tmp_path / "rows.npy", rows)
    subprocess.run(
        [sys.executable, "-c", READER, "model.keras", "rows.npy", "predictions.npy"],
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": "torch"},
        check=True,
    )
    expected = model.predict(rows, verbose=0)
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(np.load(tmp_path / "predictions.npy"), expected, rtol=1e-4, atol=1e-5)
