"""A network for another number of features: the same layers, wider where the features enter."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from wellfit.models import with_input_width
from wellfit.records import UnsupportedModelError

layers = keras.layers


def test_a_stack_takes_more_features() -> None:
    """Layers, names and compile settings stay; the first kernel grows."""
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, name="first"), layers.Dense(1, name="head")])
    model.compile(keras.optimizers.SGD(0.25), "mse")
    wide = with_input_width(model, 5)
    assert wide.input_shape == (None, 5)
    assert [layer.name for layer in wide.layers] == ["first", "head"]
    assert wide.layers[0].kernel.shape == (5, 4)
    assert float(wide.optimizer.learning_rate) == 0.25
    assert model.input_shape == (None, 3)


def test_the_other_inputs_stay() -> None:
    """Of two inputs the one of floats is widened, codes keep their embedding."""
    numbers, codes = keras.Input((3,), name="features"), keras.Input((1,), dtype="int32", name="town")
    embedded = layers.Flatten()(layers.Embedding(4, 2)(codes))
    output = layers.Dense(1)(layers.Concatenate()([numbers, embedded]))
    wide = with_input_width(keras.Model([numbers, codes], output), 6)
    assert [tuple(one.shape) for one in wide.inputs] == [(None, 6), (None, 1)]
    result = wide([np.zeros((2, 6), np.float32), np.zeros((2, 1), np.int32)])
    assert tuple(result.shape) == (2, 1)


def test_pictures_have_no_width() -> None:
    """A network without a matrix of floats is refused with a reason."""
    model = keras.Sequential([keras.Input((4, 4)), layers.Flatten(), layers.Dense(1)])
    with pytest.raises(UnsupportedModelError, match="cannot take"):
        with_input_width(model, 5)
