"""Small kernels, and depthwise and pointwise parts, in place of the network's own convolutions."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from wellfit.models import find_layout, restructured, small_cnn, structure_facts
from wellfit.records import Structure, Task, UnsupportedModelError

layers = keras.layers
SMALL, SEPARABLE = Structure(convolutions="small"), Structure(convolutions="separable")


def network(padding: str = "same", *, size: int = 5, strides: int = 1) -> keras.Model:
    """Return two convolutions of that size with a head, compiled."""
    model = keras.Sequential(
        [
            keras.Input((16, 14, 2)),
            layers.Conv2D(8, size, padding=padding, strides=strides, activation="relu", name="first"),
            layers.Conv2D(4, size, padding=padding, kernel_regularizer="l2", name="second"),
            layers.Flatten(name="flat"),
            layers.Dense(3, activation="softmax", name="head"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return model


def changed(model: keras.Model, structure: Structure) -> keras.Model:
    """Return the changed network."""
    return restructured(model, find_layout(model), structure)


def facts(model: keras.Model) -> tuple[bool, bool]:
    """Return whether kernels can shrink, and whether convolutions can be separated."""
    found = structure_facts(model, find_layout(model))
    return found.can_shrink_kernels, found.can_separate


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("size", [5, 4])
def test_maps_keep_their_size(padding: str, strides: int, size: int) -> None:
    """Whatever the padding; the head is the same, and so are compile settings."""
    model = network(padding, size=size, strides=strides)
    other = changed(model, SMALL)
    assert [other.get_layer(name).kernel_size for name in ("first", "second")] == [(3, 3), (3, 3)]
    for name in ("first", "second", "head"):
        assert other.get_layer(name).output.shape == model.get_layer(name).output.shape
    assert other.get_layer("head").kernel.shape == model.get_layer("head").kernel.shape
    assert other.optimizer.learning_rate.value == pytest.approx(0.003)
    assert facts(other) == (False, True)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("strides", [1, 2])
def test_the_small_kernel_is_the_middle_of_the_large_one(padding: str, strides: int) -> None:
    """A network whose kernels are zero outside of it puts out the same."""
    model = network(padding, strides=strides)
    other = changed(model, SMALL)
    rng = np.random.default_rng(0)
    small = [rng.normal(size=value.shape).astype(np.float32) for value in other.get_weights()]
    other.set_weights(small)
    around = ((1, 1), (1, 1), (0, 0), (0, 0))
    model.set_weights([np.pad(value, around) if value.ndim == 4 else value for value in small])
    rows = rng.normal(size=(3, 16, 14, 2)).astype(np.float32)
    np.testing.assert_allclose(other(rows), model(rows), rtol=1e-4, atol=1e-5)


def test_convolutions_are_separated_where_there_are_maps_enough() -> None:
    """The first one, which reads the picture, stays; penalties are on both parts, draws of a fair size."""
    keras.utils.set_random_seed(0)
    model = network(size=3)
    assert facts(model) == (False, True)
    other = changed(model, SEPARABLE)
    assert type(other.get_layer("first")) is layers.Conv2D
    second = other.get_layer("second")
    assert type(second) is layers.SeparableConv2D
    assert second.output.shape == model.get_layer("second").output.shape
    assert second.count_params() == 9 * 8 + 8 * 4 + 4
    assert second.depthwise_kernel.regularizer is not None
    assert second.pointwise_kernel.regularizer is not None
    assert np.std(np.asarray(second.depthwise_kernel)) == pytest.approx(1 / 3, rel=0.3)
    assert facts(other) == (False, False)


def test_they_go_with_other_changes() -> None:
    """Pooling, normalization, another width and dropout of maps."""
    model = small_cnn((16, 16, 3), Task.MULTICLASS, 4, filters=8)
    structure = Structure(width=2.0, activation="silu", convolutions="separable", map_dropout=0.1)
    kinds = [type(one).__name__ for one in changed(model, structure).layers]
    assert kinds.count("SeparableConv2D") == kinds.count("Conv2D") + 1 == 2
    assert kinds.count("SpatialDropout2D") == 3
    structure = Structure(normalization="batch", pooling="average", convolutions="small")
    other = changed(network("valid"), structure)
    kinds = [type(one).__name__ for one in other.layers]
    assert kinds.count("Cropping2D") == 2
    assert other.get_layer("head").kernel.shape == (4, 3)


def test_what_would_lose_more_than_weights_stays() -> None:
    """Patches side by side, frozen kernels, dilated ones, and maps without padding that others read too."""
    inputs = keras.Input((12, 12, 8))
    patches = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(layers.Conv2D(2, 4, strides=4)(inputs))))
    frozen = network()
    frozen.get_layer("first").trainable = frozen.get_layer("second").trainable = False
    both = [layers.Conv2D(8, 5)(inputs), layers.Conv2D(8, 5)(inputs)]
    shared = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(layers.Add()(both))))
    wide = keras.Model(
        inputs, layers.Dense(2)(layers.Flatten()(layers.Conv2D(2, 5, dilation_rate=2)(inputs)))
    )
    for model in (patches, frozen, shared, wide):
        assert not facts(model)[0]
        with pytest.raises(UnsupportedModelError, match="Fix: "):
            changed(model, SMALL)
    with pytest.raises(UnsupportedModelError, match="reads 8 maps or more"):
        changed(frozen, SEPARABLE)
