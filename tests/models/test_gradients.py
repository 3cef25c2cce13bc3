"""Gradients of all weights, as calculus has them."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from wellfit.models import gradients, weight_values
from wellfit.records import UnsupportedModelError

layers = keras.layers


def test_gradients_are_those_of_calculus() -> None:
    """A linear network with squared loss: 2 / n X' (X w - y); its penalty plays no part."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 3)).astype("float32"), rng.normal(size=(20, 1)).astype("float32")
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(1, use_bias=False, kernel_regularizer="l2", name="line")]
    )
    weights = weight_values(model)
    (found,) = gradients(model, [weights], [x], y, keras.losses.MeanSquaredError())
    expected = 2 / len(x) * x.T @ (x @ weights[0] - y)
    np.testing.assert_allclose(found["line/kernel"], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(weight_values(model)[0], weights[0])


def test_frozen_weights_and_statistics_have_none() -> None:
    """Only what training moves has a gradient; what a rounding keeps away has one of zero."""
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, trainable=False, name="frozen"),
            layers.Dense(4, name="behind"),
            layers.Lambda(keras.ops.round),
            layers.BatchNormalization(name="norm"),
            layers.Dense(1, name="last"),
        ]
    )
    x = np.random.default_rng(0).normal(0, 3, size=(16, 3)).astype("float32")
    found = gradients(
        model, [weight_values(model)] * 2, [x], np.ones((16, 1)), keras.losses.MeanSquaredError()
    )
    assert set(found[0]) == {
        "behind/kernel",
        "behind/bias",
        "norm/gamma",
        "norm/beta",
        "last/kernel",
        "last/bias",
    }
    assert not found[0]["behind/kernel"].any()
    assert found[0]["last/kernel"].any()
    np.testing.assert_array_equal(found[0]["last/kernel"], found[1]["last/kernel"])


def test_a_network_without_a_graph_is_refused() -> None:
    """A subclassed network cannot be copied."""

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, inputs: object) -> object:
            return self.dense(inputs)

    model = Own()
    x = np.ones((2, 3), "float32")
    model(x)
    with pytest.raises(UnsupportedModelError):
        gradients(model, [weight_values(model)], [x], np.ones((2, 1)), keras.losses.MeanSquaredError())
