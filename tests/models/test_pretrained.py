"""Whether weights look drawn, pretrained or trained through."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from wellfit.models import transfer_weights, weight_state

layers = keras.layers


def network(*, bias: bool = True, classes: int = 2) -> keras.Model:
    """Return a network with a normalization, whose head may have no bias."""
    parts = [keras.Input((4,)), layers.Dense(3, "tanh", name="body"), layers.BatchNormalization(name="norm")]
    return keras.Sequential([*parts, layers.Dense(classes, use_bias=bias, name="head")])


def trained(**options: int) -> keras.Model:
    """Return it after a few steps."""
    keras.utils.set_random_seed(0)
    model = network(**options)
    rng = np.random.default_rng(0)
    model.compile("sgd", "mse")
    model.fit(rng.normal(size=(16, 4)), np.ones((16, model.output_shape[-1])), verbose=0)
    return model


def test_as_it_was_drawn() -> None:
    """Nothing has moved, whatever its kernels are."""
    assert weight_state(network()) == "drawn"


def test_a_trained_network() -> None:
    """Its head has moved as well."""
    assert weight_state(trained()) == "trained"


def test_a_new_head_on_a_trained_body() -> None:
    """As after `transfer_weights`."""
    target = network(classes=5)
    transfer_weights(trained(), target)
    assert weight_state(target) == "pretrained"


def test_a_head_that_says_nothing() -> None:
    """Without a bias nobody can tell, and it counts as trained."""
    target = network(bias=False)
    for name in ("body", "norm"):
        target.get_layer(name).set_weights(trained().get_layer(name).get_weights())
    assert weight_state(target) == "trained"


@pytest.mark.parametrize("learns", [True, False])
def test_frozen_layers_say_nothing(learns: bool) -> None:
    """They keep their values in any case."""
    target = network()
    transfer_weights(trained(classes=5), target)
    target.get_layer("body").trainable = target.get_layer("norm").trainable = learns
    assert weight_state(target) == ("pretrained" if learns else "drawn")
