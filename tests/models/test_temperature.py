"""A temperature folded into the last layer divides the logits, and nothing else happens."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from wellfit.models import with_temperature
from wellfit.records import SettingsError, UnsupportedModelError

layers = keras.layers
ROWS = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)


def _network(*ending: object) -> keras.Model:
    return keras.Sequential([keras.Input((6,)), layers.Dense(5, activation="tanh"), *ending])


def _logits(outputs: np.ndarray, kind: str) -> np.ndarray:
    if kind == "sigmoid":
        return np.log(outputs) - np.log1p(-outputs)
    if kind == "softmax":
        logs = np.log(outputs)
        return logs - logs.mean(axis=1, keepdims=True)
    return outputs


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        ([layers.Dense(1, activation="sigmoid")], "sigmoid"),
        ([layers.Dense(1), layers.Activation("sigmoid")], "sigmoid"),
        ([layers.Dense(4, activation="softmax")], "softmax"),
        ([layers.Dense(4, activation="softmax", use_bias=False)], "softmax"),
        ([layers.Dense(4)], "logits"),
    ],
)
@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_logits_are_divided(ending: list[object], kind: str, temperature: float) -> None:
    """Whatever the ending, its logits come out divided, in a network of the same layers."""
    model = _network(*ending)
    before = np.asarray(model(ROWS))
    changed = with_temperature(model, temperature)
    assert np.allclose(
        _logits(np.asarray(changed(ROWS)), kind), _logits(before, kind) / temperature, atol=1e-4
    )
    assert [type(layer) for layer in changed.layers] == [type(layer) for layer in model.layers]
    assert np.array_equal(np.asarray(model(ROWS)), before)


def test_it_stays_compiled(tmp_path: object) -> None:
    """The new network has the loss and optimizer of the old one, and can be saved and loaded."""
    model = _network(layers.Dense(1, activation="sigmoid"))
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy")
    changed = with_temperature(model, 2.0)
    assert changed.loss == "binary_crossentropy"
    assert float(changed.optimizer.learning_rate) == pytest.approx(3e-3)
    changed.save(f"{tmp_path}/model.keras")
    loaded = keras.models.load_model(f"{tmp_path}/model.keras")
    assert np.allclose(np.asarray(loaded(ROWS)), np.asarray(changed(ROWS)))


@pytest.mark.parametrize(
    "ending",
    [
        [layers.Dense(4, activation="relu")],
        [layers.Dense(4), layers.BatchNormalization(), layers.Activation("sigmoid")],
        [layers.Dense(4, activation="tanh"), layers.Activation("sigmoid")],
        [layers.Dense(4), layers.Softmax()],
        [layers.Dense(4), layers.ReLU()],
    ],
)
def test_other_endings_are_refused(ending: list[object]) -> None:
    """Where something else makes the probabilities, dividing the last layer would not divide the logits."""
    with pytest.raises(UnsupportedModelError, match="Dense"):
        with_temperature(_network(*ending), 2.0)


def test_a_last_layer_that_is_used_twice_is_refused() -> None:
    """Its weights do more than put out the logits."""
    inputs, shared = keras.Input((6,)), layers.Dense(6)
    model = keras.Model(inputs, shared(keras.ops.relu(shared(inputs))))
    with pytest.raises(UnsupportedModelError, match="more than once"):
        with_temperature(model, 2.0)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.inf, np.nan])
def test_no_temperature_is_refused(temperature: float) -> None:
    """A temperature is a finite number above 0."""
    with pytest.raises(SettingsError, match="temperature"):
        with_temperature(_network(layers.Dense(1)), temperature)
