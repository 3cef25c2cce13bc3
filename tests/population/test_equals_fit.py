"""A member without randomness equals `keras.Model.fit`: same weights after every update."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from samples import assert_weights_equal, dataset, fitted, members, network, population

from wellfit.records import Dataset

optimizers = keras.optimizers
losses = keras.losses


def check(model: keras.Model, data: Dataset, *, rate: float, epochs: int = 4, **changes: object) -> None:
    """Train one member and the model itself from the same weights, and compare them."""
    initial = model.get_weights()
    chosen = members(learning_rate=rate, epochs=epochs, **changes)
    curves = population(model, data).train(chosen, weights=initial, shuffle=False)
    expected = fitted(model, data, epochs=epochs)
    assert not np.allclose(expected[0], initial[0])
    assert_weights_equal(curves, expected)


OPTIMIZERS = {
    "sgd": optimizers.SGD(0.1),
    "momentum": optimizers.SGD(0.1, momentum=0.9),
    "nesterov": optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "clipnorm": optimizers.SGD(0.1, clipnorm=0.05),
    "global-clipnorm": optimizers.SGD(0.1, global_clipnorm=0.05),
    "clipvalue": optimizers.SGD(0.1, clipvalue=0.02),
    "rmsprop": optimizers.RMSprop(0.01),
    "centered": optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adam": optimizers.Adam(0.01),
    "amsgrad": optimizers.Adam(0.01, amsgrad=True, clipnorm=0.1),
    "adamw": optimizers.AdamW(0.01, weight_decay=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer(name: str) -> None:
    """Every optimizer takes Keras' own updates, with its momenta, clipping and decay."""
    config = OPTIMIZERS[name].get_config()
    model = network()
    model.compile(type(OPTIMIZERS[name]).from_config(config), "binary_crossentropy")
    check(model, dataset(), rate=float(config["learning_rate"]))
