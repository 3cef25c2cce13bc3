"""Means of maps in place of flattened maps."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from wellfit.models import find_layout, restructured, structure_facts
from wellfit.records import Structure, UnsupportedModelError

layers = keras.layers
POOLED = Structure(pooling="average")


def network(*between: keras.layers.Layer, size: int = 8) -> keras.Model:
    """Return a convolution, something between, a flattening and dense layers, compiled."""
    model = keras.Sequential(
        [
            keras.Input((size, size, 2)),
            layers.Conv2D(5, 3, padding="same", name="conv"),
            *between,
            layers.Flatten(name="flat"),
            layers.Dense(6, activation="relu", name="hidden"),
            layers.Dense(3, activation="softmax", name="head"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return model


def pooled(model: keras.Model, structure: Structure = POOLED) -> keras.Model:
    """Return the changed network."""
    return restructured(model, find_layout(model), structure)


def test_the_dense_layer_reads_one_number_for_each_map() -> None:
    """Behind normalization, activation, pooling and dropout as well; compiled as before."""
    model = network(layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(2), layers.Dropout(0.1))
    assert structure_facts(model, find_layout(model)).can_pool
    other = pooled(model)
    assert type(other.get_layer("flat")) is layers.GlobalAveragePooling2D
    assert other.get_layer("hidden").kernel.shape == (5, 6)
    assert other.optimizer.learning_rate.value == pytest.approx(0.003)
    assert other.output_shape == (None, 3)
    assert not structure_facts(other, find_layout(other)).can_pool


def test_it_is_the_mean_over_places() -> None:
    """With the same weights of maps everywhere both networks put out the same."""
    model = network()
    other = pooled(model)
    weights = other.get_weights()
    spread = np.tile(weights[2] / 64, (64, 1))
    model.set_weights([*weights[:2], spread, *weights[3:]])
    rows = np.random.default_rng(0).random((3, 8, 8, 2)).astype(np.float32)
    assert np.allclose(np.asarray(model(rows)), np.asarray(other(rows)), atol=1e-5)


def test_it_goes_with_other_changes() -> None:
    """Width, depth and normalization are changed beside it."""
    other = pooled(network(layers.ReLU()), Structure(width=2.0, normalization="batch", pooling="average"))
    assert other.get_layer("conv").filters == 10
    assert other.get_layer("hidden").kernel.shape == (10, 12)
    assert any(isinstance(one, layers.BatchNormalization) for one in other.layers)


def test_networks_that_flatten_no_maps_are_refused() -> None:
    """Rows of a table, pixels, and maps that something else mixes."""
    flat = keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(2)])
    mixed = network(layers.Reshape((4, 4, 20)))
    for model in (flat, mixed):
        assert not structure_facts(model, find_layout(model)).can_pool
        with pytest.raises(UnsupportedModelError, match="Fix: "):
            pooled(model)
