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

NAMES = ("residual", "stack", "wider", "narrower", "own")
READER = """
import sys
import keras
import numpy as np
assert keras.backend.backend() == "torch"
assert not any(name.partition(".")[0] == "wellfit" for name in sys.modules)
rows = np.load("rows.npy")
for name in sys.argv[1:]:
    model = keras.models.load_model(f"{name}.keras")
    model.jit_compile = False  # Keras keeps what JAX chose; torch.compile takes minutes for the same
    before = model.predict(rows, verbose=0)
    np.save(f"{name}.npy", before)
    model.fit(rows, np.zeros(len(rows)), epochs=1, verbose=0)
    assert np.abs(model.predict(rows, verbose=0) - before).max() > 0, name
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


@pytest.fixture(scope="module")
def expected_and_found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return for each network what JAX and what PyTorch predicts; one process of PyTorch reads all."""
    folder: Path = tmp_path_factory.mktemp("torch")
    rows = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    np.save(folder / "rows.npy", rows)
    expected = {}
    for name, model in networks().items():
        if not model.compiled:
            model.compile("adam", "mse")
        save_plain(model, folder / f"{name}.keras")
        expected[name] = model.predict(rows, verbose=0)
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    subprocess.run([sys.executable, "-c", READER, *NAMES], cwd=folder, env=environment, check=True)
    return {name: (expected[name], np.load(folder / f"{name}.npy")) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_torch_predicts_and_trains_the_same_network(expected_and_found, name: str):
    """PyTorch loads the file without custom objects, predicts what JAX predicts, and trains on."""
    expected, found = expected_and_found[name]
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


POPULATION = """
import keras
from wellfit.models import read_network
from wellfit.population import choose_executor
from wellfit.records import Task
for name in ("sgd", "adam", "adamw", "rmsprop"):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "sigmoid")])
    model.compile(name, "binary_crossentropy")
    print(name, choose_executor(model, Task.BINARY).kind, read_network(model).num_parameters)
"""


def test_networks_of_torch_reach_the_population():
    """PyTorch's variants of the optimizers are known, so that members need not be trained one by one."""
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    command = [sys.executable, "-c", POPULATION]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    names = ("sgd", "adam", "adamw", "rmsprop")
    assert done.stdout.splitlines() == [f"{name} worker 4" for name in names]
