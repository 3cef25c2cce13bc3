"""Learning rates that fall towards the input, by Keras' own optimizer of optimizers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.models import learning_rates, regularize
from wellfit.records import SettingsError, UnsupportedModelError

layers = keras.layers


def network(optimizer: Any = None) -> keras.Model:
    """Return a compiled 4-3-3-2 network, part of it nested."""
    keras.utils.set_random_seed(0)
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, name="first"), layers.LayerNormalization(name="norm")],
        name="body",
    )
    inputs = keras.Input((4,))
    outputs = layers.Dense(2, name="head")(layers.Dense(3, name="second")(inner(inputs)))
    model = keras.Model(inputs, outputs)
    model.compile(optimizer or keras.optimizers.SGD(0.1), "mse")
    return model


def rows() -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and targets."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(16, 4)).astype(np.float32), rng.normal(size=(16, 2)).astype(np.float32)


def steps(model: keras.Model) -> dict[str, np.ndarray]:
    """Return how far each weight goes in one step, by layer and name."""
    before = [np.asarray(v.value) for v in model.trainable_variables]
    model.train_on_batch(*rows())
    pairs = zip(model.trainable_variables, before, strict=True)
    return {"/".join(v.path.split("/")[-2:]): np.asarray(v.value) - old for v, old in pairs}


def test_every_layer_takes_its_part_of_the_step() -> None:
    """The head all of it, each layer before it a fifth of the one after; a normalization goes along."""
    whole = steps(network())
    model = network()
    rates = learning_rates(model, 0.2, verbose=False)
    assert rates == {"first": 0.004, "norm": 0.004, "second": 0.02, "head": 0.1}
    found = steps(model)
    for name, step in found.items():
        part = rates[name.split("/")[0]] / 0.1
        np.testing.assert_allclose(step, part * whole[name], rtol=1e-3, atol=1e-7)


def test_a_saved_network_goes_on_with_its_rates(tmp_path: Path) -> None:
    """Plain Keras loads it, moments included, and takes the same next step."""
    model = network(keras.optimizers.Adam(0.01))
    learning_rates(model, 0.2, verbose=False)
    model.train_on_batch(*rows())
    model.save(tmp_path / "network.keras")
    loaded: Any = keras.saving.load_model(tmp_path / "network.keras")
    own, again = steps(model), steps(loaded)
    assert set(own) == set(again)
    for name, step in own.items():
        np.testing.assert_allclose(again[name], step, rtol=1e-4, atol=1e-7)


def test_what_was_left_out_of_the_decay_still_is() -> None:
    """Decay follows the rate of its layer, and reaches the kernels alone."""
    model = network(keras.optimizers.SGD(0.1, weight_decay=0.5))
    model = regularize(model, weight_decay=0.5, verbose=False)
    for variable in model.trainable_variables:
        variable.assign(variable + 1.0)  # a bias of zero would not show a decay
    whole = steps(regularize(model, weight_decay=0.5, verbose=False))
    rates = learning_rates(model, 0.2, verbose=False)
    found = steps(model)
    for name, step in found.items():
        np.testing.assert_allclose(step, rates[name.split("/")[0]] / 0.1 * whole[name], rtol=1e-3, atol=1e-7)


def test_what_has_no_single_rate_is_refused() -> None:
    """A schedule, and what already has several rates."""
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 100)
    with pytest.raises(UnsupportedModelError, match="CosineDecay"):
        learning_rates(network(keras.optimizers.SGD(schedule)), 0.5)
    model = network()
    learning_rates(model, 0.5, verbose=False)
    with pytest.raises(UnsupportedModelError, match="no single rate"):
        learning_rates(model, 0.5)


def test_layers_of_one_name_are_refused() -> None:
    """A rate is kept by the name of its layer."""
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="head")], name="body")
    model = keras.Sequential([keras.Input((4,)), inner, layers.Dense(2, name="head")])
    model.compile("sgd", "mse")
    with pytest.raises(UnsupportedModelError, match="several"):
        learning_rates(model, 0.5)


@pytest.mark.parametrize("factor", [0.0, 1.0, -1.0, 2.0])
def test_factors_out_of_range(factor: float) -> None:
    """Between none and all."""
    with pytest.raises(SettingsError, match="factor"):
        learning_rates(network(), factor)


def test_a_network_without_an_optimizer() -> None:
    """There is no rate to divide."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    with pytest.raises(SettingsError, match="no optimizer"):
        learning_rates(model, 0.5)


def test_one_layer_alone() -> None:
    """It is the head, and keeps its rate."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    model.compile("sgd", "mse")
    with pytest.raises(SettingsError, match="nothing to give"):
        learning_rates(model, 0.5)


def test_an_older_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told what is missing."""
    monkeypatch.delattr(keras.optimizers, "MultiOptimizer", raising=False)
    with pytest.raises(UnsupportedModelError, match="several rates"):
        learning_rates(network(), 0.5)
