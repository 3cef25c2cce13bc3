"""Small pictures for tests: the handwritten digits that come with scikit-learn, as files or arrays."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

LEVELS = 17  # of the digits' grey, 0 to 16


def digits(classes: tuple[int, ...], number: int, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return ``[picture, 8, 8, 1]`` from 0 to 255 and codes, so many of each class."""
    bunch = load_digits()
    images, labels = np.asarray(bunch.images), np.asarray(bunch.target)
    rows = np.concatenate([np.flatnonzero(labels == one)[first : first + number] for one in classes])
    pictures = (images[rows] * (255 / (LEVELS - 1))).astype(np.float32)[..., None]
    return pictures, np.repeat(np.arange(len(classes)), number).astype(np.int32)


def write_digits(folder: Path, pictures: np.ndarray, labels: np.ndarray, names: tuple[str, ...]) -> Path:
    """Write pictures as PNG files, a folder for each class, and return the folder."""
    for code, name in enumerate(names):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for place in np.flatnonzero(labels == code):
            picture = Image.fromarray(pictures[place, :, :, 0].astype(np.uint8))
            picture.save(folder / name / f"{place:03d}.png")
    return folder


def small_network(num_classes: int = 2, *, normalized: bool = False, rate: float = 0.02) -> keras.Model:
    """Return a compiled network of one convolution for 8 x 8 pictures of one channel."""
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((8, 8, 1)),
        keras.layers.Rescaling(1 / 255, name="scaled"),
        keras.layers.Conv2D(4, 3, padding="same", name="conv"),
        *([keras.layers.BatchNormalization(momentum=0.9, name="norm")] if normalized else []),
        keras.layers.ReLU(name="relu"),
        keras.layers.MaxPooling2D(2, name="pool"),
        keras.layers.Flatten(name="flat"),
        keras.layers.Dense(num_classes, activation="softmax", name="head"),
    ]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return model
