"""A diagnosis by experiment is the same on every Keras backend: causes, gains, and what was measured."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DIAGNOSE = """
import json
import sys
import keras
import numpy as np
import wellfit

rng = np.random.default_rng(0)
x = rng.normal(size=(200, 4)).astype("float32")
y = (x[:, 0] + x[:, 1] + 0.3 * rng.normal(size=200) > 0).astype("int32")
keras.utils.set_random_seed(0)
model = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(12, activation="relu", name="hidden"),
        keras.layers.Dense(1, activation="sigmoid", name="head"),
    ]
)
model.compile(keras.optimizers.Adam(2e-5), "binary_crossentropy")
before = [np.array(values) for values in model.get_weights()]
found = wellfit.diagnose(model, x, y, validation_split=0.25, epochs=8, seed=1)
first = found.findings[0]
told = {
    "backend": keras.backend.backend(),
    "verdict": found.verdict.value,
    "codes": [one.code for one in found.findings],
    "examined": {one.code: one.outcome.value for one in found.examined},
    "gain": first.effect.estimate,
    "numbers": {name: found.numbers[name] for name in ("validation_loss", "train_loss", "chance")},
    "is_unchanged": all(map(np.array_equal, before, model.get_weights())),
}
open(sys.argv[1], "w").write(json.dumps(told))
"""


def told(backend: str, folder: Path) -> dict[str, object]:
    """Return what a diagnosis says in a process on that backend."""
    path = folder / f"{backend}.json"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DIAGNOSE, str(path)],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(path.read_text())


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("tensorflow", marks=pytest.mark.tensorflow),
        pytest.param("torch", marks=pytest.mark.torch),
    ],
)
def test_a_diagnosis_is_the_same_on_another_backend(backend: str, tmp_path: Path) -> None:
    """Small steps are found, with the gain that JAX has, and the network stays as it was."""
    own, jax = told(backend, tmp_path), told("jax", tmp_path)
    assert (own.pop("backend"), jax.pop("backend")) == (backend, "jax")
    assert own["codes"][0] == "learning-rate-too-low"  # type: ignore[index]
    for name in ("verdict", "codes", "examined"):
        assert own[name] == jax[name], name
    assert own["gain"] == pytest.approx(jax["gain"], rel=1e-3)
    assert own["numbers"] == pytest.approx(jax["numbers"], rel=1e-3)
    assert own["is_unchanged"]
    assert jax["is_unchanged"]
