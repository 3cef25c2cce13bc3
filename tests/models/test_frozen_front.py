"""A network in two parts: the front is all that is frozen, and both together are the network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from wellfit.models import freeze, frozen_front, weight_values

layers = keras.layers
ROWS = np.random.default_rng(0).normal(size=(6, 8, 8, 3)).astype(np.float32)


def backbone() -> keras.Model:
    """Return a residual network without a head, its moments moved."""
    keras.utils.set_random_seed(0)
    inner = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="conv1")(inner)
    x = layers.ReLU(name="relu1")(layers.BatchNormalization(name="norm1")(x))
    branch = layers.Conv2D(4, 3, padding="same", name="conv2")(x)
    x = layers.Add(name="sum")([x, branch])
    x = layers.Conv2D(8, 3, strides=2, padding="same", name="conv3")(x)
    model = keras.Model(inner, layers.BatchNormalization(name="norm3")(x), name="backbone")
    for name in ("norm1", "norm3"):
        norm: Any = model.get_layer(name)
        norm.moving_mean.assign(np.linspace(-0.2, 0.2, norm.moving_mean.shape[0]))
    return model


def transfer(dropout: float = 0.3) -> keras.Model:
    """Return a frozen backbone with a head."""
    body = backbone()
    body.trainable = False
    outer = keras.Input((8, 8, 3), name="picture")
    x = layers.Dropout(dropout, name="drop")(layers.GlobalAveragePooling2D(name="mean")(body(outer)))
    model = keras.Model(outer, layers.Dense(2, activation="softmax", name="head")(x), name="transfer")
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def test_a_frozen_backbone_is_the_front_and_its_pooling_too() -> None:
    """What is behind it, from the first random layer on, is the rest; the weights are found again."""
    model = transfer()
    found = frozen_front(model)
    assert found is not None
    assert found.num_features == 8
    assert [layer.name for layer in found.back.layers[1:]] == ["drop", "head"]
    assert [model.weights[i].name for i in found.positions] == ["kernel", "bias"]
    np.testing.assert_allclose(found.back(found.front(ROWS)), model(ROWS), rtol=1e-6)
    changed = found.complete([np.ones((8, 2)), np.zeros(2)])
    assert [value.shape for value in changed] == [value.shape for value in weight_values(model)]
    assert np.all(changed[found.positions[0]] == 1.0)
    assert all(len(layer._inbound_nodes) <= 1 for layer in model._flatten_layers() if layer.name == "conv1")


def test_the_border_may_cross_a_residual_block() -> None:
    """Where a block is cut, everything that the rest reads is an output of the front."""
    model = freeze(transfer(0.0), until="backbone/relu1")
    found = frozen_front(model)
    assert found is not None
    assert found.front.output_shape in ((None, 8, 8, 4), [(None, 8, 8, 4)])
    np.testing.assert_allclose(found.back(found.front(ROWS)), model(ROWS), rtol=1e-5, atol=1e-6)
    assert len(found.back.trainable_variables) == len(model.trainable_variables)


def test_moments_of_a_trainable_normalization_are_not_frozen() -> None:
    """It sees other batches in training, so that it and all behind it belong to the rest."""
    model = freeze(transfer(0.0), until="backbone/relu1")
    model.get_layer("backbone").get_layer("norm1").trainable = True
    found = frozen_front(model)
    assert found is None or "norm1" in [layer.name for layer in found.back.layers]


def test_nothing_frozen_or_nothing_learning_has_no_front() -> None:
    """There is nothing to keep, or nothing to train."""
    model = transfer()
    model.trainable = False
    assert frozen_front(model) is None
    assert frozen_front(keras.Sequential([keras.Input((3,)), layers.Dense(2)])) is None


def test_random_layers_before_a_frozen_backbone_stop_it() -> None:
    """Rows are moved anew each time: their features cannot be kept."""
    body = backbone()
    body.trainable = False
    inner: list[Any] = [keras.Input((8, 8, 3)), layers.RandomFlip(), body, layers.GlobalAveragePooling2D()]
    assert frozen_front(keras.Sequential([*inner, layers.Dense(2)])) is None


def test_training_the_rest_is_training_the_network() -> None:
    """Without dropout, `fit` of the rest on features gives the head that `fit` of the network gives."""
    model = transfer(0.0)
    found = frozen_front(model)
    assert found is not None
    labels = np.arange(6) % 2
    features = np.asarray(found.front(ROWS))
    options: dict[str, Any] = {"epochs": 3, "batch_size": 3, "shuffle": False, "verbose": 0}
    found.back.fit(features, labels, **options)
    model.fit(ROWS, labels, **options)
    for own, other in zip(found.back.get_weights(), model.get_layer("head").get_weights(), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-6)


def test_a_call_with_training_false_freezes_nothing() -> None:
    """Keras itself ignores it in `fit`, so that a trainable normalization inside is no part of a front."""
    body = backbone()
    outer = keras.Input((8, 8, 3))
    pooled = layers.GlobalAveragePooling2D()(body(outer, training=False))
    model = keras.Model(outer, layers.Dense(2, activation="softmax")(pooled))
    body.get_layer("conv1").trainable = False
    before = np.array(body.get_layer("norm1").moving_mean)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(ROWS, np.arange(6) % 2, verbose=0)
    assert not np.allclose(before, np.array(body.get_layer("norm1").moving_mean))
    found = frozen_front(model)
    assert found is None or "norm1" in [layer.name for layer in found.back.layers]
