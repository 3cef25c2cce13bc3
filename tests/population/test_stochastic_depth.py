"""Rows go past residual branches in a population as they do in plain Keras."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import keras
import numpy as np
import pytest
from population_samples import dataset, layers, members, population, split

from wellfit.models import network_function, training_setup
from wellfit.population import FitExecutor
from wellfit.population._mechanisms.stochastic_depth import StochasticDepth
from wellfit.population._scope import MemberScope


def bridged(*, nested: bool = False) -> keras.Model:
    """Return a network with three residual blocks of a layer each, alone or as a layer of another one."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((5,))
    x = layers.Dense(4, name="stem")(inputs)
    for name in ("one", "two", "three"):
        x = layers.Add(name=f"{name}_sum")([x, layers.Dense(4, activation="tanh", name=name)(x)])
    if nested:
        x = keras.Model(inputs, x, name="body")(inputs)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid", name="head")(x))
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    return model


def numbers(model: keras.Model, **changes: Any) -> np.ndarray:
    """Return ``[member, branch]`` rates."""
    found = StochasticDepth().numbers(network_function(model), members(2, **changes))
    return found["branch_rates"]


def test_blocks_that_are_off_do_not_count() -> None:
    """Rates are those of the network that is left."""
    found = numbers(bridged(), stochastic_depth=0.6, depth=[0, -1])
    np.testing.assert_allclose(found, [[0.2, 0.4, 0.6], [0.3, 0.6, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(numbers(bridged(nested=True), stochastic_depth=0.3)[1], [0.1, 0.2, 0.3])
    assert numbers(keras.Sequential([keras.Input((5,)), layers.Dense(1)]), stochastic_depth=0.3).shape[1] == 0


@pytest.mark.parametrize("nested", [False, True])
def test_each_row_goes_past_branches_by_itself(nested: bool) -> None:
    """Outputs in training are those of the network with some branches out and the others scaled up."""
    model = bridged(nested=nested)
    network = network_function(model)
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(200, 5)).astype(np.float32)
    rates = jnp.array([0.0, 0.25, 0.5])
    values = [jnp.asarray(value) for value in network.values]
    count = len(network.trainable)

    def outputs(training: bool) -> np.ndarray:
        scope = MemberScope(seed=jnp.uint32(7) if training else None, branch_rates=rates)
        found, _, _ = network.apply(values[:count], values[count:], [jnp.asarray(inputs)], training, scope)
        return np.asarray(found)[:, 0]

    kernels = {info.path.split("/")[-2]: [] for info in network.trainable}
    for info, value in zip(network.trainable, network.values, strict=False):
        kernels[info.path.split("/")[-2]].append(value)

    def by_hand(factors: tuple[float, ...]) -> np.ndarray:
        x = inputs @ kernels["stem"][0] + kernels["stem"][1]
        for name, factor in zip(("one", "two", "three"), factors, strict=True):
            x = x + factor * np.tanh(x @ kernels[name][0] + kernels[name][1])
        return 1 / (1 + np.exp(-(x @ kernels["head"][0] + kernels["head"][1])[:, 0]))

    ways = [(1.0, two, three) for two in (0.0, 1 / 0.75) for three in (0.0, 2.0)]
    wanted = np.stack([by_hand(way) for way in ways])
    which = np.abs(wanted - outputs(True)).argmin(0)
    np.testing.assert_allclose(outputs(True), wanted[which, np.arange(200)], atol=1e-5)
    shares = np.bincount(which, minlength=4) / 200
    np.testing.assert_allclose(shares, [0.125, 0.125, 0.375, 0.375], atol=0.1)
    np.testing.assert_allclose(outputs(False), by_hand((1.0, 1.0, 1.0)), atol=1e-5)


def test_members_without_it_are_as_alone_and_safe() -> None:
    """Dropout at the ends of branches and no activation behind the last sum: to rounding; NaN stays apart."""
    data, model = dataset(), bridged()
    weights = model.get_weights()
    chosen = members(seeds=[3, 3], dropout=0.2, stochastic_depth=[0.0, 0.5])
    plain = population(model, data).train(chosen.take([0]), weights=weights)
    held = population(model, data)
    found = held.train(chosen, weights=weights)
    broken = held.train(chosen.replace(learning_rate=[0.01, np.nan]), weights=weights)
    for mine, other, alone in zip(found.weights, broken.weights, plain.weights, strict=True):
        np.testing.assert_array_equal(mine[0], other[0])
        np.testing.assert_allclose(mine[0], alone[0], rtol=1e-4, atol=1e-6)


def test_the_sequential_executor_trains_it_as_well() -> None:
    """By layers of plain Keras; losses are in the same range, and without a rate they are equal."""
    data, model = dataset(), bridged()
    chosen = members(3, learning_rate=0.1, stochastic_depth=[0.0, 0.4, 0.4], depth=[0, 0, -1])
    fit = FitExecutor(model, training_setup(model, data.task, any_training=True), data, [split(data)])
    weights = model.get_weights()
    alone = fit.train(chosen, weights=weights)
    found = population(model, data).train(chosen, weights=weights)
    np.testing.assert_allclose(found.validation_loss[0], alone.validation_loss[0], rtol=2e-4)
    np.testing.assert_allclose(found.validation_loss, alone.validation_loss, rtol=0.3)
    assert (found.validation_loss[1] != found.validation_loss[0]).all()
    for one, other in zip(alone.weights, weights, strict=True):
        assert one.shape[1:] == other.shape
