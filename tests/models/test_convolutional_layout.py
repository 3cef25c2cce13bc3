"""Width and depth of convolutional networks: maps are units, and blocks of convolutions are layers."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from wellfit.models import find_layout, narrow, resize, small_cnn
from wellfit.records import Task

layers = keras.layers


def built() -> keras.Model:
    """Return the network that is built for pictures, with three stages."""
    return small_cnn((16, 16, 3), Task.MULTICLASS, 4, filters=4)


def flattened() -> keras.Model:
    """Return a network that flattens its maps before it ends in dense layers."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="conv"),
            layers.MaxPooling2D(4, name="pool"),
            layers.Flatten(name="flat"),
            layers.Dense(6, activation="relu", name="hidden"),
            layers.Dense(2, activation="softmax", name="head"),
        ]
    )


def channels(model: keras.Model) -> dict[str, int]:
    """Return how many maps each convolution puts out."""
    return {one.name: one.filters for one in model.layers if isinstance(one, layers.Conv2D)}


def test_maps_of_convolutions_are_width_groups() -> None:
    """Behind normalization, activation and pooling as well, and behind a flattening."""
    groups = {group.name: group.size for group in find_layout(built()).groups}
    assert groups == {"conv1": 4, "conv2": 8, "conv3": 16}
    assert [group.name for group in find_layout(flattened()).groups] == ["conv", "hidden"]


@pytest.mark.parametrize(("width", "expected"), [(0.5, [2, 4, 8]), (2.0, [8, 16, 32])])
def test_width_changes_the_number_of_maps(width: float, expected: list[int]) -> None:
    """Narrower and wider, with the compile settings."""
    model = built()
    other = resize(model, find_layout(model), width=width)
    assert list(channels(other).values()) == expected
    assert other.output_shape == (None, 4)
    assert other.optimizer is not None


def test_depth_removes_and_repeats_blocks_of_convolutions() -> None:
    """The last stage goes with its normalization and activation, or comes once more."""
    model = built()
    layout = find_layout(model)
    assert [block.layers for block in layout.blocks] == [
        (f"conv{stage}", f"norm{stage}", f"relu{stage}") for stage in (1, 2, 3)
    ]
    shallow = resize(model, layout, depth=-1)
    assert list(channels(shallow)) == ["conv1", "conv2"]
    assert not any(one.name.endswith("3") for one in shallow.layers)
    deep = resize(model, layout, depth=1)
    assert list(channels(deep).values()) == [4, 8, 16, 16]


def test_a_block_that_changes_the_size_of_maps_stays() -> None:
    """Without padding, or with strides, what follows would get other maps."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", name="cut"),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="strided"),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="kept"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1),
        ]
    )
    blocks = find_layout(model).blocks
    assert [(block.name, block.gateable) for block in blocks] == [("kept", True)]


@pytest.mark.parametrize("make", [built, flattened], ids=["built", "flattened"])
def test_the_narrow_network_is_the_masked_one(make) -> None:
    """Weights of maps that are off are zero in the whole network: both put out the same."""
    keras.utils.set_random_seed(0)
    model = make()
    layout = find_layout(model)
    values = [np.asarray(value) for value in model.get_weights()]
    small = narrow(model, layout, values, width=0.5)
    kept = [1 if group.size == 1 else group.size // 2 for group in layout.groups]
    masked = []
    for variable, whole in zip(layout.variables, values, strict=True):
        value = np.array(whole)
        for axis, segments in enumerate(variable.axes):
            if segments is not None:
                on = np.concatenate(
                    [np.arange(s.size) < (s.size if s.group is None else kept[s.group]) for s in segments]
                )
                np.multiply(value, np.expand_dims(on, [i for i in range(value.ndim) if i != axis]), value)
        masked.append(value)
    model.set_weights(masked)
    rows = np.random.default_rng(0).random((3, *model.input_shape[1:])).astype(np.float32)
    assert np.allclose(np.asarray(model(rows)), np.asarray(small(rows)), atol=1e-5)


def test_what_is_not_understood_stays_fixed() -> None:
    """Grouped and depthwise convolutions, channels first, and maps that are flattened from many places."""
    inputs = keras.Input((40, 40, 4))
    x = layers.Conv2D(4, 3, groups=2, padding="same", name="grouped")(inputs)
    x = layers.Conv2D(4, 3, padding="same", name="before")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.Conv2D(4, 3, padding="same", name="many")(x)
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
    assert not find_layout(model).groups
