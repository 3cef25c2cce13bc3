"""Where dropout acts, and networks with another rate."""

import keras
import numpy as np
import pytest
from model_samples import layers, outputs, plain_chain, residual, rows, shuffle_weights

from wellfit.models import dropout_points, find_layout, scaled_rate, with_dropout
from wellfit.records import SettingsError


def _points(model: keras.Model) -> list[tuple[str, float | None]]:
    return [tuple(point) for point in dropout_points(model, find_layout(model))]


def test_own_layers_and_open_ends():
    """After the activation of a hidden layer without dropout, never after the output layer."""
    assert _points(plain_chain()) == [("drop", 0.2), ("relu", None), ("third", None)]


def test_a_residual_branch_has_its_own_layer_only():
    """Neither the linear stem nor the linear end of a branch is a point."""
    assert _points(residual()) == [("drop0", 0.1), ("drop1", 0.1)]


def test_a_branch_without_dropout_gets_a_point_behind_its_activation():
    """And none before the addition."""
    inputs = keras.Input((3,))
    x = layers.Dense(4, name="stem")(inputs)
    y = layers.Dense(4, name="outer")(layers.Dense(4, activation="relu", name="inner")(x))
    model = keras.Model(inputs, layers.Dense(1)(layers.Add()([x, y])))
    assert _points(model) == [("inner", None)]


@pytest.mark.parametrize(
    "layer", [layers.Dropout, layers.GaussianDropout, layers.AlphaDropout, layers.SpatialDropout1D]
)
def test_the_dropout_family(layer):
    """Every layer with a rate counts as a point."""
    inputs = keras.Input((5, 3))
    x = layer(0.25, name="d")(layers.Dense(4, activation="relu")(inputs))
    model = keras.Model(inputs, layers.Dense(1)(layers.Flatten()(x)))
    assert _points(model) == [("d", 0.25)]


def test_noise_is_no_dropout():
    """A `GaussianNoise` has a standard deviation, no rate: the hidden layer still lacks dropout."""
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(4), layers.GaussianNoise(0.1, name="n"), layers.Dense(1)]
    )
    assert _points(model) == [("n", None)]


def test_layers_of_nested_models_count():
    """Own dropout inside is found."""
    nested = keras.Sequential([keras.Input((4,)), layers.Dropout(0.4, name="deep")], name="nested")
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, name="a"), nested, layers.Dense(1)])
    assert ("deep", 0.4) in _points(model)


def test_with_dropout_sets_every_point():
    """Own layers are changed, others are put in, weights and predictions stay."""
    model = plain_chain()
    shuffle_weights(model)
    changed = with_dropout(model, 0.4)
    names = [layer.name for layer in changed.layers]
    assert names[4:8] == ["relu", "relu_dropout", "third", "third_dropout"]
    assert [layer.rate for layer in changed.layers if hasattr(layer, "rate")] == [0.4] * 3
    np.testing.assert_array_equal(outputs(changed, rows(model)), outputs(model, rows(model)))


def test_with_dropout_drops_at_the_rate():
    """In training a fourth of the hidden units is zero, the rest scaled up."""
    model = keras.Sequential(
        [
            keras.Input((1,)),
            layers.Dense(2000, activation="relu", kernel_initializer="ones", name="a"),
            layers.Dense(1, kernel_initializer="ones"),
        ]
    )
    changed = with_dropout(model, 0.25)
    hidden = keras.Model(changed.inputs[0], changed.get_layer("a_dropout").output)
    values = outputs(hidden, np.ones((4, 1), np.float32), training=True)
    assert np.mean(values == 0) == pytest.approx(0.25, abs=0.02)
    assert np.max(values) == pytest.approx(4 / 3, rel=1e-5)


def test_rate_zero_turns_dropout_off():
    """Own layers stay with rate 0, nothing is put in."""
    changed = with_dropout(plain_chain(), 0.0)
    assert [layer.rate for layer in changed.layers if hasattr(layer, "rate")] == [0.0]


def test_scale_multiplies_own_rates_only():
    """No layer is put in, and a rate stays below 1."""
    changed = with_dropout(plain_chain(), scale=2.0)
    assert [layer.rate for layer in changed.layers if hasattr(layer, "rate")] == [0.4]
    assert with_dropout(plain_chain(), scale=10.0).get_layer("drop").rate == 0.95


def test_dropout_inside_nested_models_is_changed():
    """Their weights are kept too."""
    nested = keras.Sequential(
        [keras.Input((4,)), layers.Dense(4), layers.Dropout(0.4, name="deep")], name="nested"
    )
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, name="a"), nested, layers.Dense(1)])
    changed = with_dropout(model, 0.1)
    assert changed.get_layer("nested").get_layer("deep").rate == 0.1
    assert nested.get_layer("deep").rate == 0.4
    np.testing.assert_array_equal(outputs(changed, rows(model)), outputs(model, rows(model)))


def test_compile_settings_are_kept():
    """So that training can go on."""
    model = plain_chain()
    model.compile(keras.optimizers.RMSprop(0.01), "binary_crossentropy", metrics=["accuracy"])
    changed = with_dropout(model, 0.1)
    assert type(changed.optimizer).__name__ == "RMSprop"
    assert float(changed.optimizer.learning_rate) == pytest.approx(0.01)
    changed.fit(rows(model), np.ones((16, 1)), verbose=0)
    assert np.isfinite(outputs(changed, rows(model))).all()


@pytest.mark.parametrize("arguments", [{"rate": -0.1}, {"rate": 1.0}, {"scale": -1.0}])
def test_rates_out_of_range(arguments):
    """Refused before anything is built."""
    with pytest.raises(SettingsError):
        with_dropout(plain_chain(), **arguments)


def test_scaled_rate_never_lowers_a_rate_above_the_bound():
    """A network's own 0.97 stays, at factor 1."""
    assert scaled_rate(0.97, 1.0) == 0.97
