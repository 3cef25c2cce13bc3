"""Weight penalties that are truly in effect after surgery."""

import keras
import numpy as np
import pytest
from model_samples import layers, outputs, residual, rows, shuffle_weights

from wellfit.models import penalty, weight_values, with_penalties
from wellfit.records import SettingsError, UnsupportedModelError


def _in_effect(model: keras.Model) -> float:
    return float(sum(float(loss) for loss in model.losses))


def _squares(model: keras.Model, *names: str) -> float:
    return sum(
        float(np.sum(np.square(weight.value, dtype=np.float64)))
        for weight in model.trainable_weights
        if weight.name in names
    )


def test_setting_the_attribute_does_nothing():
    """The trap itself: Keras reads a regularizer only when the weight is made."""
    model = residual()
    model.get_layer("stem").kernel_regularizer = keras.regularizers.L2(1.0)
    assert model.losses == []


def test_l2_on_every_kernel():
    """One penalty for each kernel: strength times the sum of squares, nothing on biases and normalization."""
    model = residual()
    shuffle_weights(model)
    changed = with_penalties(model, l2=0.01)
    assert len(changed.losses) == 6
    assert _in_effect(changed) == pytest.approx(0.01 * _squares(model, "kernel"), rel=1e-5)
    assert penalty(changed) == pytest.approx(_in_effect(changed), rel=1e-5)
    np.testing.assert_array_equal(outputs(changed, rows(model)), outputs(model, rows(model)))


def test_l1_and_elastic_net():
    """Both strengths are put into one regularizer."""
    model = residual(1)
    shuffle_weights(model)
    absolute = sum(np.abs(value).sum() for value in weight_values(model) if value.ndim == 2)
    assert _in_effect(with_penalties(model, l1=0.1)) == pytest.approx(0.1 * absolute, rel=1e-5)
    both = with_penalties(model, l1=0.1, l2=0.01)
    assert _in_effect(both) == pytest.approx(0.1 * absolute + 0.01 * _squares(model, "kernel"), rel=1e-5)


def test_own_penalties_are_scaled_and_added_to():
    """Also those on biases, which nothing is added to."""
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, kernel_regularizer="l2", bias_regularizer=keras.regularizers.L1(0.5)),
            layers.Dense(1),
        ]
    )
    values = shuffle_weights(model)
    first, bias, last = (np.square(values[0]).sum(), np.abs(values[1]).sum(), np.square(values[2]).sum())
    changed = with_penalties(model, l2=0.1, scale=2.0)
    expected = (2 * 0.01 + 0.1) * first + 2 * 0.5 * bias + 0.1 * last
    assert _in_effect(changed) == pytest.approx(expected, rel=1e-5)


def test_scale_zero_removes_own_penalties():
    """No regularizer is left at all."""
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(1, kernel_regularizer=keras.regularizers.L1L2(0.1, 0.1))]
    )
    assert with_penalties(model, scale=0.0).losses == []


def test_the_same_after_saving_and_loading(tmp_path):
    """Penalties and predictions are in the file."""
    model = residual()
    shuffle_weights(model)
    changed = with_penalties(model, l1=1e-3, l2=1e-3)
    changed.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert len(loaded.losses) == 6
    assert _in_effect(loaded) == pytest.approx(_in_effect(changed), rel=1e-6)
    np.testing.assert_allclose(outputs(loaded, rows(model)), outputs(model, rows(model)), rtol=1e-6)


def test_training_pulls_weights_to_zero():
    """The penalty takes part in training: with it, the weights end smaller."""
    x, y = np.random.default_rng(0).normal(size=(2, 64, 6)).astype(np.float32)
    sizes = []
    for l2 in (0.0, 0.1):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((6,)), layers.Dense(6)])
        model.compile(keras.optimizers.SGD(0.1), "mse")
        changed = with_penalties(model, l2=l2)
        changed.fit(x, y, epochs=3, verbose=0)
        sizes.append(_squares(changed, "kernel"))
    assert sizes[1] < 0.8 * sizes[0]


def test_layers_with_other_keys():
    """Recurrent, separable, depthwise, embedding, wrapped and nested layers are reached."""
    codes = keras.Input((8,), dtype="int32", name="codes")
    x = layers.Embedding(5, 4)(codes)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    x = layers.TimeDistributed(layers.Dense(4))(x)
    x = layers.SeparableConv1D(4, 3)(x)
    x = layers.DepthwiseConv1D(3)(x)
    x = layers.GRU(3)(x)
    nested = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="inside")], name="nested")
    model = keras.Model(codes, layers.Dense(1)(nested(x)))
    changed = with_penalties(model, l2=0.01)
    expected = 0.01 * _squares(
        model,
        "kernel",
        "recurrent_kernel",
        "depthwise_kernel",
        "pointwise_kernel",
        "embeddings",
    )
    assert len(changed.losses) == 1 + 4 + 1 + 2 + 1 + 2 + 1 + 1
    assert _in_effect(changed) == pytest.approx(expected, rel=1e-5)
    batch = np.ones((4, 8), np.int32)
    np.testing.assert_allclose(outputs(changed, batch), outputs(model, batch), rtol=1e-5, atol=1e-6)


def test_frozen_layers_have_no_penalty():
    """Keras counts trainable weights only."""
    model = residual(1)
    model.get_layer("stem").trainable = False
    changed = with_penalties(model, l2=0.01)
    assert len(changed.losses) == 3
    assert not changed.get_layer("stem").trainable


def test_activity_penalties_stay():
    """They are no weight penalties: neither scaled nor removed."""
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, activity_regularizer="l2"), layers.Dense(1)])
    changed = with_penalties(model, l2=0.01, scale=0.0)
    assert changed.layers[0].activity_regularizer is not None
    assert penalty(changed) == pytest.approx(0.01 * _squares(changed, "kernel"), rel=1e-5)


def test_a_regularizer_of_another_kind_cannot_be_combined():
    """The layer is named; left alone it is fine."""
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, kernel_regularizer=keras.regularizers.OrthogonalRegularizer(), name="odd"),
            layers.Dense(1),
        ]
    )
    with pytest.raises(UnsupportedModelError, match="'odd'"):
        with_penalties(model, l2=0.1)
    assert len(with_penalties(model).losses) == 1


class Plain(layers.Layer):
    """A layer of somebody's own that takes no regularizer."""

    def build(self, input_shape):
        """Make one matrix."""
        self.matrix = self.add_weight(shape=(input_shape[-1], input_shape[-1]), name="matrix")

    def call(self, inputs):
        """Multiply by it."""
        return inputs @ self.matrix


def test_a_kernel_that_takes_no_penalty_is_named():
    """No network is handed out whose penalty is only half in effect."""
    model = keras.Sequential([keras.Input((3,)), Plain(name="odd"), layers.Dense(1)])
    with pytest.raises(UnsupportedModelError, match="odd/matrix"):
        with_penalties(model, l2=0.1)


@pytest.mark.parametrize("arguments", [{"l1": -1.0}, {"l2": float("nan")}, {"scale": float("inf")}])
def test_strengths_out_of_range(arguments):
    """Refused before anything is built."""
    with pytest.raises(SettingsError):
        with_penalties(residual(1), **arguments)
