"""Networks that converters are known to break on become graphs that predict the same as Keras."""

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers

from wellfit.formats._network import network_graph


def pictures() -> keras.Model:
    """Max pooling of channels-last pictures, with and without edges."""
    return keras.Sequential(
        [
            layers.Input((13, 13, 2)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(3, 2, padding="same"),
            layers.AveragePooling2D(2, padding="same"),
            layers.SeparableConv2D(4, 2, padding="same"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def both_ways() -> keras.Model:
    """Bidirectional layers of two kinds."""
    return keras.Sequential(
        [
            layers.Input((7, 3)),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.Bidirectional(layers.GRU(3)),
            layers.Dense(1),
        ]
    )


def backwards() -> keras.Model:
    """A recurrent layer that goes backwards, causal convolution, pooling along time."""
    return keras.Sequential(
        [
            layers.Input((12, 4)),
            layers.Conv1D(4, 3, padding="causal", dilation_rate=2),
            layers.MaxPooling1D(2),
            layers.SimpleRNN(4, go_backwards=True, return_sequences=True),
            layers.TimeDistributed(layers.Dense(3, activation="selu")),
            layers.GlobalMaxPooling1D(),
            layers.Dense(1),
        ]
    )


def words_and_numbers() -> keras.Model:
    """Two inputs, an embedding with a mask, attention, normalization, dropout."""
    words, numbers = keras.Input((6,), dtype="int32"), keras.Input((4,))
    x = layers.Embedding(20, 8, mask_zero=True)(words)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    x = layers.Concatenate()([layers.LSTM(4)(x), layers.BatchNormalization()(numbers)])
    return keras.Model([words, numbers], layers.Dense(2)(layers.Dropout(0.5)(x)))


def volumes() -> keras.Model:
    """Convolutions along three axes, with edges and steps that differ."""
    return keras.Sequential(
        [
            layers.Input((5, 6, 7, 2)),
            layers.Conv3D(3, (3, 2, 3), strides=(2, 1, 1), padding="same", activation="relu"),
            layers.Conv3D(2, 2, dilation_rate=2),
            layers.GlobalAveragePooling3D(),
            layers.Dense(2),
        ]
    )


def other_sizes() -> keras.Model:
    """Pictures that become larger and smaller."""
    return keras.Sequential(
        [
            layers.Input((6, 7, 2)),
            layers.Resizing(9, 4),
            layers.UpSampling2D(2, interpolation="bilinear"),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )


@pytest.mark.parametrize("build", [pictures, both_ways, backwards, words_and_numbers, volumes, other_sizes])
def test_the_graph_predicts_what_keras_does(build):
    """One row and several."""
    keras.utils.set_random_seed(3)
    model, rng = build(), np.random.default_rng(3)
    session = onnxruntime.InferenceSession(network_graph(model).SerializeToString())
    for num_rows in (1, 5):
        rows = [
            rng.integers(0, 20, (num_rows, *one.shape[1:])).astype("int32")
            if one.dtype == "int32"
            else rng.normal(size=(num_rows, *one.shape[1:])).astype("float32")
            for one in model.inputs
        ]
        names = [one.name for one in session.get_inputs()]
        (found,) = session.run(None, dict(zip(names, rows, strict=True)))
        wanted = np.asarray(model(rows if len(rows) > 1 else rows[0], training=False))
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
