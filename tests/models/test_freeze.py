"""Frozen parts: by name, by stage, inside nested models; what is frozen does not move."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from wellfit.models import freeze, stages, unfreeze
from wellfit.records import SettingsError

layers = keras.layers


def pretrained() -> keras.Model:
    """Return a compiled network with a small backbone and a head."""
    keras.utils.set_random_seed(0)
    inner = keras.Input((8, 8, 1))
    x = layers.Conv2D(4, 3, padding="same", name="conv1")(inner)
    x = layers.BatchNormalization(name="norm1")(x)
    x = layers.MaxPooling2D(name="pool1")(layers.ReLU(name="relu1")(x))
    x = layers.Conv2D(8, 3, padding="same", name="conv2")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(layers.BatchNormalization(name="norm2")(x))
    backbone = keras.Model(inner, x, name="backbone")
    outer = keras.Input((8, 8, 1))
    model = keras.Model(outer, layers.Dense(2, activation="softmax", name="head")(backbone(outer)))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def trainable(model: keras.Model) -> dict[str, bool]:
    """Return which layers with weights learn, by name, nested models opened."""
    leaves = [leaf for leaf in model._flatten_layers() if leaf.weights and not isinstance(leaf, keras.Model)]
    return {leaf.name: bool(leaf.trainable_weights) for leaf in leaves}


ROWS = np.random.default_rng(0).normal(size=(16, 8, 8, 1)).astype(np.float32) + 3.0
LABELS = np.arange(16) % 2


@pytest.mark.parametrize(
    ("until", "learning"),
    [
        (None, {"head"}),
        ("backbone", {"head"}),
        ("norm1", {"conv2", "norm2", "head"}),
        ("backbone/conv2", {"norm2", "head"}),
        (1, {"conv2", "norm2", "head"}),
        (0, {"conv1", "norm1", "conv2", "norm2", "head"}),
    ],
)
def test_what_comes_first_is_frozen(until: Any, learning: set[str]) -> None:
    """All up to the named layer or stage; the given network stays as it is."""
    model = pretrained()
    found = trainable(freeze(model, until))
    assert {name for name, learns in found.items() if learns} == learning
    assert all(trainable(model).values())


def test_every_head_of_a_network_goes_on_learning() -> None:
    """What is read by a layer that learns is no head, even where it is put out as well."""
    inputs = keras.Input((3,))
    body = layers.Dense(4, name="body")(inputs)
    first, second = layers.Dense(1, name="first")(body), layers.Dense(2, name="second")(body)
    model = keras.Model(inputs, [body, layers.Softmax()(first), second])
    learning = {name for name, learns in trainable(freeze(model)).items() if learns}
    assert learning == {"first", "second"}


def test_a_head_may_have_the_name_of_a_layer_of_the_backbone() -> None:
    """Names are unique in one network, not in those nested in it."""
    backbone = keras.Sequential([keras.Input((3,)), layers.Dense(4, name="a"), layers.Dense(4, name="b")])
    model = keras.Sequential([keras.Input((3,)), backbone, layers.Dense(2, name="a")])
    frozen = freeze(model)
    assert not frozen.layers[0].trainable_weights
    assert len(frozen.layers[1].trainable_weights) == 2


def test_frozen_weights_and_moments_do_not_move() -> None:
    """A frozen batch normalization neither learns nor averages; predictions before are the same."""
    model = pretrained()
    frozen = freeze(model)
    assert np.allclose(np.asarray(model(ROWS)), np.asarray(frozen(ROWS)), atol=1e-6)
    before = [np.array(v) for v in frozen.get_layer("backbone").get_weights()]
    head = np.array(frozen.get_layer("head").kernel)
    frozen.fit(ROWS, LABELS, epochs=3, verbose=0)
    for old, new in zip(before, frozen.get_layer("backbone").get_weights(), strict=True):
        assert np.array_equal(old, new)
    assert not np.array_equal(head, np.array(frozen.get_layer("head").kernel))


def test_frozen_stays_frozen_after_saving(tmp_path: Any) -> None:
    """The flags are part of the file."""
    path = tmp_path / "frozen.keras"
    freeze(pretrained(), "norm1").save(path)
    loaded = keras.models.load_model(path)
    assert {name for name, learns in trainable(loaded).items() if learns} == {"conv2", "norm2", "head"}


def test_stages_thaw_one_by_one_and_normalizations_stay() -> None:
    """Unless they are asked for."""
    frozen = freeze(pretrained())
    thawed = unfreeze(frozen, "conv2")
    assert {name for name, learns in trainable(thawed).items() if learns} == {"conv2", "head"}
    again = unfreeze(thawed, 0, normalization=True)
    assert all(trainable(again).values())


def test_stages_of_a_residual_network() -> None:
    """Where the maps shrink a stage begins; all parameters are counted once."""
    model = keras.applications.ResNet50(weights=None, input_shape=(64, 64, 3), classes=5)
    found = stages(model)
    assert [stage.size for stage in found] == [(32, 32), (16, 16), (8, 8), (4, 4), (2, 2), ()]
    assert sum(stage.num_parameters for stage in found) == model.count_params()
    assert [stage.num_trainable > 0 for stage in stages(freeze(model, 3))] == [False] * 3 + [True] * 3


def test_unknown_layers_and_stages_are_refused() -> None:
    """With the nearest name."""
    with pytest.raises(SettingsError, match="norm1"):
        freeze(pretrained(), "nrom1")
    with pytest.raises(SettingsError, match="0 to 3"):
        freeze(pretrained(), 9)
    with pytest.raises(SettingsError, match="Received: -1"):
        freeze(pretrained(), -1)
    with pytest.raises(SettingsError, match="type float"):
        unfreeze(pretrained(), 1.5)  # pyright: ignore[reportArgumentType]
