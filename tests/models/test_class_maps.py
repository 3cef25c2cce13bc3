"""Where a network finds what it says."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from wellfit.models import class_maps, small_cnn
from wellfit.records import Task, UnsupportedModelError

layers = keras.layers
SHAPE = (8, 8, 1)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Draw the same weights in any order of tests."""
    keras.utils.set_random_seed(0)


def network(*behind: keras.layers.Layer) -> keras.Model:
    """Return a network with one convolution and something behind it."""
    return keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Conv2D(3, 3, padding="same", activation="relu", name="conv"),
            *behind,
        ]
    )


def pictures(number: int = 2) -> np.ndarray:
    """Return noise."""
    return np.random.default_rng(0).random((number, *SHAPE)).astype(np.float32)


@pytest.mark.parametrize("end", ["linear", "softmax", "layer"])
def test_a_mean_and_a_dense_layer_give_the_class_activation_map(end: str) -> None:
    """The closed form of Zhou et al.: maps weighed by the kernel of the class."""
    last = [layers.Dense(4, activation=None if end == "layer" else end, name="head")]
    last += [layers.Softmax(name="shares")] if end == "layer" else []
    model = network(layers.GlobalAveragePooling2D(), layers.Dropout(0.5), *last)
    head = model.get_layer("head")
    head.set_weights([np.random.default_rng(1).normal(size=(3, 4)) + 0.5, np.zeros(4)])
    found = class_maps(model, pictures(), [1, 3])
    assert found.layer == "conv"
    maps = np.asarray(model.layers[0](pictures()))
    kernel = np.asarray(head.kernel)
    for heat, own, code in zip(found.maps, maps, (1, 3), strict=True):
        wanted = np.maximum(own @ kernel[:, code], 0)
        assert wanted.max() > 0
        assert np.allclose(heat, wanted / wanted.max(), atol=2e-3)


def test_dense_layers_behind_get_the_mean_gradient() -> None:
    """Of a linear tail the gradient at each place is known: its mean weighs the maps."""
    model = network(layers.MaxPooling2D(1), layers.Flatten(), layers.Dense(2, name="head"))
    found = class_maps(model, pictures(), [0, 1])
    maps = np.asarray(model.layers[0](pictures()))
    kernel = np.asarray(model.get_layer("head").kernel).reshape(8, 8, 3, 2)
    for heat, own, code in zip(found.maps, maps, (0, 1), strict=True):
        wanted = np.maximum(own @ kernel[..., code].mean(axis=(0, 1)), 0)
        assert np.allclose(heat, wanted / wanted.max() if wanted.max() else 0, atol=2e-3)


def test_it_finds_the_bright_spot() -> None:
    """A network that counts bright places looks at them."""
    model = network(layers.GlobalAveragePooling2D(), layers.Dense(1, activation="sigmoid", name="head"))
    kernel = np.zeros((3, 3, 1, 3), np.float32)
    kernel[1, 1, 0, 0] = 1
    model.set_weights([kernel, np.zeros(3), np.array([[30.0], [0.0], [0.0]]), np.zeros(1)])
    picture = np.zeros((1, *SHAPE), np.float32)
    picture[0, 2, 5] = 1
    heat = class_maps(model, picture, [1]).maps[0]
    assert np.argwhere(heat > 0.5).tolist() == [[2, 5]]
    assert not class_maps(model, picture, [0]).maps.any()


def test_the_built_network_looks_at_its_last_maps() -> None:
    """And stays as it is."""
    model = small_cnn((24, 24, 3), Task.MULTICLASS, 3)
    before = [np.array(values) for values in model.get_weights()]
    found = class_maps(model, np.random.default_rng(0).random((1, 24, 24, 3)) * 255, [2])
    assert found.layer.startswith("relu")
    assert found.maps.shape[1:] == (6, 6)
    assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))


def test_a_residual_branch_is_not_the_last_map() -> None:
    """Maps that a shortcut goes around do not decide alone: the sum does."""
    inputs = keras.Input(SHAPE)
    x = layers.Conv2D(3, 3, padding="same", name="stem")(inputs)
    x = layers.Add(name="sum")([x, layers.Conv2D(3, 3, padding="same", name="branch")(x)])
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    assert class_maps(model, pictures(), [0, 1]).layer == "sum"


def nested(*, softmax: bool) -> keras.Model:
    """Return a pooled backbone inside a network, as `keras.applications` gives it."""
    backbone = keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="early"),
            layers.MaxPooling2D(2),
            layers.Conv2D(3, 3, padding="same", use_bias=False, name="late"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="end"),
            layers.GlobalAveragePooling2D(),
        ],
        name="backbone",
    )
    ends = [layers.Dense(4, activation=None if softmax else "softmax", name="head")]
    ends += [layers.Softmax()] if softmax else []
    classes = keras.Sequential([keras.Input((3,)), *ends], name="classes")
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, classes(backbone(inputs, training=False)))


@pytest.mark.parametrize("softmax", [False, True])
def test_maps_inside_a_pooled_backbone_are_found(softmax: bool) -> None:
    """The backbone puts out no maps: those inside it are weighed by the kernel of the class."""
    model = nested(softmax=softmax)
    backbone, head = model.get_layer("backbone"), model.get_layer("classes").get_layer("head")
    head.set_weights([np.random.default_rng(1).normal(size=(3, 4)) + 0.5, np.zeros(4)])
    found = class_maps(model, pictures(), [1, 3])
    assert found.layer == "end"
    maps = np.asarray(keras.Model(backbone.inputs[0], backbone.get_layer("end").output)(pictures()))
    for heat, own, code in zip(found.maps, maps, (1, 3), strict=True):
        wanted = np.maximum(own @ np.asarray(head.kernel)[:, code], 0)
        assert wanted.max() > 0
        assert np.allclose(heat, wanted / wanted.max(), atol=2e-3)


def test_networks_without_maps_are_refused() -> None:
    """No convolution, or a way around all of them."""
    flat = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(2)])
    inputs = keras.Input(SHAPE)
    seen = layers.Flatten()(layers.Conv2D(1, 3, padding="same")(inputs))
    around = keras.Model(inputs, layers.Dense(2)(layers.Concatenate()([seen, layers.Flatten()(inputs)])))
    for model in (flat, around):
        with pytest.raises(UnsupportedModelError):
            class_maps(model, pictures(), [0, 1])
