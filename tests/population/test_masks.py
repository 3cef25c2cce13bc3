"""Masked and gated members equal the smaller network, trained by Keras itself."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from population_samples import dataset, fitted, layers, members, population, split

from wellfit.models import (
    find_layout,
    model_from_bytes,
    model_to_bytes,
    narrow,
    network_function,
)
from wellfit.population._initial import initial_weights
from wellfit.population._numbers import member_units


def chain() -> keras.Model:
    """Return a plain chain with both normalizations, penalties and an activity penalty."""
    return keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(8, use_bias=False, kernel_regularizer="l2", name="first"),
            layers.BatchNormalization(momentum=0.8, name="batch"),
            layers.Activation("relu", name="relu"),
            layers.Dense(8, activation="tanh", activity_regularizer="l2", name="second"),
            layers.LayerNormalization(name="layer"),
            layers.Dense(8, activation="sigmoid", kernel_regularizer="l1", name="third"),
            layers.Dense(1, activation="sigmoid", name="head"),
        ]
    )


def residual() -> keras.Model:
    """Return residual blocks closed by an `Add` layer and by ``x + y``, whose inner parts have penalties."""
    inputs = keras.Input((5,))
    x = layers.Dense(8, name="stem")(inputs)
    y = layers.Dense(6, activation="relu", kernel_regularizer="l2", name="inner0")(x)
    y = layers.Dense(8, activity_regularizer="l2", name="outer0")(y)
    x = layers.Add(name="closed")([x, y])
    y = keras.ops.relu(layers.LayerNormalization(name="norm1")(x))
    y = layers.Dense(6, activation="gelu", name="inner1")(y)
    x = x + layers.Dense(8, name="outer1")(y)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid", name="head")(x))


CASES = {
    "narrow chain": (chain, 0.4, 0),
    "shallow chain": (chain, 1.0, -1),
    "small chain": (chain, 0.5, -2),
    "narrow residual": (residual, 0.5, 0),
    "shallow residual": (residual, 1.0, -1),
    "small residual": (residual, 0.6, -2),
}


@pytest.fixture(scope="module")
def trained() -> dict[str, tuple]:
    """Return, for both networks, initial weights and the curves of all their cases in one population."""
    found = {}
    for build in (chain, residual):
        model = build()
        model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
        initial = model.get_weights()
        cases = [name for name, case in CASES.items() if case[0] is build]
        chosen = members(
            len(cases),
            learning_rate=0.1,
            width=[CASES[name][1] for name in cases],
            depth=[CASES[name][2] for name in cases],
        )
        pop = population(model, dataset())
        curves = pop.train(chosen, weights=initial, shuffle=False)
        predictions = pop.predict(curves, chosen, split(dataset()).validation)
        for member, name in enumerate(cases):
            found[name] = (model, initial, curves, predictions, member)
    return found


@pytest.mark.parametrize("name", CASES)
def test_equals_smaller_network(trained: dict[str, tuple], name: str) -> None:
    """Same sliced weights at the start: same weights, losses, penalties and predictions in the end."""
    _, width, depth = CASES[name]
    model, initial, curves, predictions, member = trained[name]
    layout, data = find_layout(model), dataset()
    small = narrow(model, layout, initial, width=width, depth=depth)
    fitted(small, data)
    weights = [value[member] for value in curves.weights]
    same = narrow(model, layout, weights, width=width, depth=depth)
    for received, wanted in zip(same.get_weights(), small.get_weights(), strict=True):
        np.testing.assert_allclose(received, wanted, rtol=2e-4, atol=5e-6)
    rows = split(data).validation
    output = np.asarray(small(data.inputs[0][rows]))
    np.testing.assert_allclose(predictions[member][:, 1:], output, rtol=1e-4, atol=1e-5)
    loss = float(keras.losses.BinaryCrossentropy()(data.target[rows, None], output))
    np.testing.assert_allclose(curves.validation_loss[member, -1], loss, rtol=1e-4)
    penalties = [layer.kernel_regularizer(layer.kernel) for layer in small.layers if _has_penalty(layer)]
    wanted = float(sum(penalties)) if penalties else 0.0
    np.testing.assert_allclose(curves.penalty[member, -1], wanted, rtol=1e-4, atol=1e-7)


def _has_penalty(layer: keras.layers.Layer) -> bool:
    return getattr(layer, "kernel_regularizer", None) is not None


def test_start_is_drawn_as_for_the_smaller_network() -> None:
    """What is off is zero, and the variance of the rest is the smaller network's, by each initializer."""
    names = {
        "glorot_uniform": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
        "glorot_normal": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
        "he_uniform": lambda fan_in, fan_out: 2 / fan_in,
        "lecun_normal": lambda fan_in, fan_out: 1 / fan_in,
        "orthogonal": lambda fan_in, fan_out: 1 / max(fan_in, fan_out),
        "random_normal": lambda fan_in, fan_out: 0.05**2,
    }
    inputs = keras.Input((30,))
    x = inputs
    for name in names:
        x = layers.Dense(40, kernel_initializer=name, name=name)(x)
    model = keras.Model(inputs, layers.Dense(1, name="head")(x))
    network = network_function(model)
    seeds = np.arange(8, dtype=np.uint32)
    width = np.full(8, 0.25, np.float32)
    values = initial_weights(network, seeds, member_units(network, width))
    by_name = {
        info.path.split("/")[0]: value
        for info, value in zip(network.variables, values, strict=True)
        if "kernel" in info.path
    }
    for name, variance in names.items():
        fan_in = 30 if name == "glorot_uniform" else 10
        on = by_name[name][:, :fan_in, :10]
        np.testing.assert_allclose(on.std(), np.sqrt(variance(fan_in, 10)), rtol=0.08, err_msg=name)
        assert np.abs(by_name[name]).sum() == pytest.approx(np.abs(on).sum())


def test_masks_of_a_loaded_network() -> None:
    """Masks find their weights also in a network from a file, whose paths differ from its clone's."""
    loaded = model_from_bytes(model_to_bytes(chain()))
    network = network_function(loaded)
    units = member_units(network, np.array([0.5], np.float32))
    values = initial_weights(network, np.array([1], np.uint32), units)
    position = [info.path.endswith("second/kernel") for info in network.variables].index(True)
    kernel = values[position]
    assert np.all(kernel[0, 4:] == 0)
    assert np.all(kernel[0, :, 4:] == 0)
    assert np.all(kernel[0, :4, :4] != 0)
