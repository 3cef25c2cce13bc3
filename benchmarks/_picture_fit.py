"""One `keras.Model.fit` of a network for pictures, in a process of its own and on any backend.

``python _picture_fit.py cnn|frozen EPOCHS`` with KERAS_BACKEND set prints one JSON object. Used by
`pictures.py`, not by hand.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from importlib import util

import keras
import numpy as np

CNN_ROWS, CNN_HELD, BATCH = 1024, 128, 32
FROZEN_ROWS, FROZEN_SIDE, FROZEN_CLASSES = 64, 224, 2
_BACKENDS = {"jax": "jax", "tensorflow": "tensorflow", "torch": "torch"}


def cnn() -> keras.Model:
    """Return the compiled network for 28 by 28 grey pictures: 16 and 32 filters, 64 dense units."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for filters in (16, 32):
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(10))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss)
    return model


def frozen() -> keras.Model:
    """Return ResNet50 with random weights, frozen, under a new head; compiled."""
    keras.utils.set_random_seed(0)
    side = (FROZEN_SIDE, FROZEN_SIDE, 3)
    body = keras.applications.ResNet50(weights=None, include_top=False, input_shape=side)
    body.trainable = False
    inputs = keras.Input(side)
    x = keras.layers.GlobalAveragePooling2D()(body(inputs))
    outputs = keras.layers.Dense(FROZEN_CLASSES, activation="softmax", name="head")(x)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    return model


def made_pictures(count: int, side: int, channels: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return made float32 pictures and int32 classes: noise that is brighter with the class."""
    rng = np.random.default_rng(0)
    labels = (np.arange(count) % classes).astype(np.int32)
    pictures = rng.normal(size=(count, side, side, channels)).astype(np.float32)
    return pictures + labels[:, None, None, None] / classes, labels


def backends() -> list[str]:
    """Return the backends of Keras that are installed."""
    return [name for name, package in _BACKENDS.items() if util.find_spec(package) is not None]


def fit_in_process(what: str, backend: str, epochs: int, environment: dict[str, str]) -> dict[str, float]:
    """Run this file with a backend and return what it measured."""
    done = subprocess.run(
        [sys.executable, __file__, what, str(epochs)],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "KERAS_BACKEND": backend},
    )
    if done.returncode:
        raise RuntimeError(f"{what} on {backend} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _measured(what: str, epochs: int) -> dict[str, float]:
    """Return seconds of an epoch of a compiled network that is fitted again, the best of three."""
    if what == "cnn":
        model = cnn()
        rows, labels = made_pictures(CNN_ROWS + CNN_HELD, 28, 1, 10)
        cut, times = CNN_ROWS, 3
    else:
        model = frozen()
        rows, labels = made_pictures(FROZEN_ROWS, FROZEN_SIDE, 3, FROZEN_CLASSES)
        cut, times = 48, 1
    given = {"validation_data": (rows[cut:], labels[cut:]), "batch_size": BATCH, "verbose": 0}
    model.fit(rows[:cut], labels[:cut], epochs=1, **given)
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        model.fit(rows[:cut], labels[:cut], epochs=epochs, **given)
        best = min(best, (time.perf_counter() - began) / epochs)
    return {"epoch_s": best}


if __name__ == "__main__":
    print(json.dumps(_measured(sys.argv[1], int(sys.argv[2]))))
