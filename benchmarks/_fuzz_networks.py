"""Networks in files that were damaged, or say what no file should say, through `load_model`."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from random import Random

import keras
import numpy as np
from keras import layers

from _fuzz_bytes import json_bytes, mutated_archive, mutated_bytes, mutated_json, zip_bytes
from _fuzz_target import Case, Reader
from wellfit.models import load_model
from wellfit.records import ModelError


class Networks(Reader):
    """`load_model` of ``.keras`` and ``.h5`` files, without trust.

    Args:
        samples: folder that keeps the networks that are changed.
    """

    refusals = (ModelError,)

    def __init__(self, samples: Path) -> None:
        if not any(samples.iterdir()):
            _write_samples(samples)
        found = {path.name: path.read_bytes() for path in sorted(samples.iterdir())}
        self._hdf5 = [data for name, data in found.items() if name.endswith(".h5")]
        self._archives = [_members(data) for name, data in found.items() if name.endswith(".keras")]

    def draw(self, rng: Random) -> Case:
        """Return a file whose config, weights or archive was changed."""
        if rng.random() < 0.2:
            return Case(files={"n.h5": mutated_bytes(rng, rng.choice(self._hdf5))})
        files, way = dict(rng.choice(self._archives)), rng.random()
        if way < 0.65:
            files["config.json"] = json_bytes(rng, mutated_json(rng, json.loads(files["config.json"])))
        elif way < 0.8:
            weights = files["model.weights.h5"]
            files["model.weights.h5"] = mutated_bytes(rng, weights, rng.choice(self._hdf5))
        elif way < 0.9:
            return Case(files={"n.keras": mutated_archive(rng, files)})
        else:
            return Case(files={"n.keras": mutated_bytes(rng, zip_bytes(files))})
        return Case(files={"n.keras": zip_bytes(files, is_packed=rng.random() < 0.5)})

    def call(self, case: Case, folder: Path) -> None:
        """Load it."""
        load_model(folder / next(iter(case.files)))
        keras.backend.clear_session()


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _write_samples(folder: Path) -> None:
    """Write small networks of most kinds of layers."""
    table = keras.Sequential(
        [
            layers.Input((3,)),
            layers.Normalization(mean=[0.0] * 3, variance=[1.0] * 3),
            layers.Dense(4, "relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(1, "sigmoid"),
        ]
    )
    table.compile("adam", "binary_crossentropy", metrics=["accuracy", "auc"])
    table.fit(np.zeros((4, 3), np.float32), np.zeros(4, np.float32), verbose=0)  # pyright: ignore[reportArgumentType]
    picture = keras.Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.RandomFlip(),
            layers.Conv2D(2, 3),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(2, "softmax"),
        ]
    )
    words = keras.Input((5,), dtype="int32")
    both = layers.Bidirectional(layers.LSTM(2))(layers.Embedding(7, 3)(words))
    text = keras.Model(words, layers.Concatenate()([layers.Dense(1)(both), layers.Activation("tanh")(both)]))
    for name, network in {"table": table, "picture": picture, "text": text}.items():
        network.save(folder / f"{name}.keras")
        network.save(folder / f"{name}.h5")
