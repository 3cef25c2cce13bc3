"""Inputs are filled, clipped, scaled and masked per member, as `wellfit.data.apply_scaling` does it."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from population_samples import dataset, fitted, layers, members, population, split

from wellfit.data import apply_scaling
from wellfit.population import Population, TargetScaling
from wellfit.records import Dataset, Scaling, Task


def holed() -> Dataset:
    """Return rows with missing cells, an outlier and a feature far from zero."""
    data = dataset()
    inputs = data.inputs[0].copy()
    rng = np.random.default_rng(4)
    inputs[rng.random(inputs.shape) < 0.15] = np.nan
    inputs[5, 0] = 1e4
    inputs[:, 3] = 1000.0 + 10.0 * inputs[:, 3]
    return replace(data, inputs=(inputs,))


def affine() -> Scaling:
    """Return an affine scaling with bounds on two features and one feature masked."""
    return Scaling(
        fill=np.array([0.5, -1, 0, 1003, 2], np.float32),
        low=np.array([-1, -np.inf, -np.inf, -np.inf, -0.5], np.float32),
        high=np.array([1, np.inf, 0.3, np.inf, np.inf], np.float32),
        center=np.array([0.1, 0, 0, 1000, 0], np.float32),
        inverse_scale=np.array([2, 1, 1, 0.1, 1], np.float32),
        mask=np.array([1, 1, 0, 1, 1], np.float32),
    )


def ranked() -> Scaling:
    """Return a scaling by quantile knots, some of them equal."""
    rows = holed().inputs[0]
    knots = np.nanquantile(rows, np.linspace(0, 1, 9), axis=0).T.astype(np.float32)
    knots[1, 2:5] = knots[1, 2]
    ones, zeros = np.ones(5, np.float32), np.zeros(5, np.float32)
    return Scaling(
        fill=np.nanmedian(rows, axis=0).astype(np.float32),
        low=ones * -np.inf,
        high=ones * np.inf,
        center=zeros + 0.5,
        inverse_scale=ones * 3,
        mask=ones,
        knots=knots,
    )


def identity() -> keras.Model:
    """Return a network whose outputs are its inputs, to read what goes in."""
    model = keras.Sequential([keras.Input((5,)), layers.Dense(5, use_bias=False, name="same")])
    model.set_weights([np.eye(5, dtype=np.float32)])
    model.compile("sgd", "mse")
    return model


def reading(scalings: list[list[Scaling | None]]) -> Population:
    """Return a population of the identity, for a regression with as many outputs as features."""
    data = replace(holed(), task=Task.REGRESSION, target=np.zeros((64, 5), np.float32), class_names=())
    return population(identity(), data, scalings=scalings, splits=[split(data)] * 2)


def rotated() -> Scaling:
    """Return a scaling whose features are mixed into three linear ones."""
    rotation = np.random.default_rng(2).normal(size=(5, 5)).astype(np.float32)
    rotation[:, 3:] = 0
    return replace(ranked(), rotation=rotation)


@pytest.mark.parametrize(
    "kinds",
    [(affine, affine), (ranked, ranked), (rotated, rotated)],
    ids=["affine", "knots", "rotation"],
)
def test_equals_numpy(kinds: tuple) -> None:
    """What reaches the network is to float tolerance what NumPy makes of the rows, for each member's own."""
    first, second = kinds[0](), replace(kinds[1](), center=kinds[1]().center + 1)
    pop = reading([[first], [second]])
    weights = [np.stack([np.eye(5, dtype=np.float32)] * 2)]
    seen = pop.predict(weights, members(2, scaling=[0, 1]), np.arange(64))
    rows = holed().inputs[0]
    for member, scaling in enumerate((first, second)):
        np.testing.assert_allclose(seen[member], apply_scaling(scaling, rows), rtol=1e-5, atol=1e-5)


def test_training_sees_scaled_inputs() -> None:
    """A member with a scaling equals `fit` on inputs that were scaled beforehand."""
    data = holed()
    model = keras.Sequential([keras.Input((5,)), layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    initial = model.get_weights()
    pop = population(model, data, scalings=[[affine()]])
    curves = pop.train(members(learning_rate=0.1), weights=initial, shuffle=False)
    scaled = replace(data, inputs=(apply_scaling(affine(), data.inputs[0]),))
    expected = fitted(model, scaled)
    for received, wanted in zip(curves.weights, expected, strict=True):
        np.testing.assert_allclose(received[0], wanted, rtol=1e-4, atol=1e-6)
    masked = np.flatnonzero(affine().mask == 0)
    np.testing.assert_array_equal(curves.weights[0][0][masked], initial[0][masked])


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error", "huber"])
def test_target_scaling(loss: str) -> None:
    """Training is on scaled targets, losses and predictions are in the target's own unit, by output."""
    data = dataset(Task.REGRESSION)
    target = np.concatenate([50 + 20 * data.target, -3 + 0.1 * data.target], axis=1).astype(np.float32)
    data = replace(data, target=target)
    rows = split(data)
    center, scale = target[rows.train].mean(0), target[rows.train].std(0)
    model = keras.Sequential([keras.Input((5,)), layers.Dense(2)])
    model.compile(keras.optimizers.SGD(0.1), loss)
    initial = model.get_weights()
    pop = population(model, data, target_scaling=TargetScaling(center=center[None], scale=scale[None]))
    chosen = members(learning_rate=0.1)
    curves = pop.train(chosen, weights=initial, shuffle=False)
    expected = fitted(model, replace(data, target=((target - center) / scale).astype(np.float32)))
    for received, wanted in zip(curves.weights, expected, strict=True):
        np.testing.assert_allclose(received[0], wanted, rtol=1e-4, atol=1e-6)
    output = np.asarray(model(data.inputs[0][rows.validation])) * scale + center
    predicted = pop.predict(curves, chosen, rows.validation)[0]
    np.testing.assert_allclose(predicted, output, rtol=1e-4, atol=1e-4)
    error = output - target[rows.validation]
    if loss == "mean_squared_error":
        wanted = np.square(error).mean()
    elif loss == "mean_absolute_error":
        wanted = np.abs(error).mean()
    else:  # Huber turns from square to line at delta, here in units of the scale
        small = np.abs(error / scale)
        wanted = (np.where(small <= 1, 0.5 * small**2, small - 0.5) * scale**2).mean()
    np.testing.assert_allclose(curves.validation_loss[0, -1], wanted, rtol=1e-4)
