"""Pictures whose class a change of them would change: the measurement says so."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
from sklearn.datasets import load_digits

from wellfit.models import network_function, training_setup
from wellfit.population import Population
from wellfit.records import Dataset, Metric, Settings, Split, Task, members_from
from wellfit.search import paired_effect

NUM_SPLITS = 6
OWN = Settings(epochs=15, learning_rate=0.01)
# Digits mirrored, nearly all of them or half; turned by any angle; moved by a pixel.
TRIED = {
    "nothing": OWN,
    "mirrored": replace(OWN, random_flip=0.9),
    "half mirrored": replace(OWN, random_flip=0.5),
    "turned": replace(OWN, random_rotation=0.5),
    "moved": replace(OWN, random_translation=0.1),
}


def test_mirrored_and_turned_digits_are_worse() -> None:
    """A 2 is no 5: paired runs show a loss for certain, and none where digits only move."""
    digits, labels = load_digits(return_X_y=True)
    names = tuple("0123456789")
    data = Dataset(
        inputs=(digits.reshape(-1, 8, 8, 1).astype(np.float32),),
        target=labels.astype(np.int32),
        task=Task.MULTICLASS,
        class_names=names,
    )
    rng = np.random.default_rng(0)
    orders = [rng.permutation(len(labels)).astype(np.int32) for _ in range(NUM_SPLITS)]
    splits = [Split(train=order[:600], validation=order[600:1200]) for order in orders]
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 16),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    population = Population(
        network_function(model), training_setup(model, data.task), data, splits=splits, block_size=8
    )
    settings = [one for one in TRIED.values() for _ in range(NUM_SPLITS)]
    pairs = list(range(NUM_SPLITS)) * len(TRIED)
    members = members_from(settings, split=pairs, seed=pairs)
    curves = population.train(members, keep_weights=False)
    losses = curves.validation_loss[:, -1].reshape(len(TRIED), NUM_SPLITS)
    scores = dict(zip(TRIED, losses, strict=True))
    metric = Metric(name="log_loss", direction="minimize")
    found = {
        name: paired_effect(scores["nothing"], scores[name], metric=metric, test_ratio=1.0).effect
        for name in TRIED
    }
    assert all(effect is not None for effect in found.values())
    assert found["mirrored"].high < 0
    assert found["turned"].high < 0
    assert found["half mirrored"].low < 0  # never proven to help
    assert found["half mirrored"].estimate < 0
    assert found["moved"].high > 0
