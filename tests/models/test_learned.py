"""Which weights were learned before, and a new head for other classes."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from wellfit.models import learned_weights, with_new_head
from wellfit.records import ModelMismatchError, Task

layers = keras.layers


def network(*last: keras.layers.Layer) -> keras.Model:
    """Return a small convolutional network with the given end."""
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="conv"), *last], name="net")


def test_a_new_network_has_learned_nothing() -> None:
    """LSTM's forget gates begin at one, and are no sign of training."""
    rnn = keras.Sequential(
        [keras.Input((5, 2)), layers.Bidirectional(layers.LSTM(3)), layers.BatchNormalization()]
    )
    assert learned_weights(rnn) == ()
    assert learned_weights(network(layers.Flatten(), layers.Dense(2))) == ()


def test_what_begins_as_another_number_has_learned_nothing() -> None:
    """The layer scale of ConvNeXt begins at 1e-6, the last bias of a detector below zero."""
    end = layers.Dense(2, bias_initializer=keras.initializers.Constant(-4.6))
    assert learned_weights(network(layers.Flatten(), end)) == ()


def test_everything_up_to_the_last_moved_weight_was_learned() -> None:
    """A convolution without a bias counts, too, where the normalization behind it was moved."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, use_bias=False),
            layers.BatchNormalization(name="norm"),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    model.get_layer("norm").moving_mean.assign([0.1, 0.2, 0.3, 0.4])
    assert learned_weights(model) == (0, 1, 2, 3, 4)


def test_training_is_seen() -> None:
    """After one update all layers count as learned."""
    model = network(layers.Flatten(), layers.Dense(2, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy")
    rows = np.random.default_rng(0).normal(size=(4, 8, 8, 3))
    model.fit(rows, np.array([0, 1, 0, 1]), verbose=0)
    assert learned_weights(model) == tuple(range(4))


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        ((), ["conv", "head_mean", "head_dropout", "head"]),
        ((layers.GlobalAveragePooling2D(name="mean"),), ["conv", "mean", "head"]),
        (
            (layers.Flatten(name="flat"), layers.Dense(10, name="old"), layers.Softmax(name="shares")),
            ["conv", "flat", "head"],
        ),
    ],
)
def test_a_head_is_added_or_exchanged(end: tuple[keras.layers.Layer, ...], kept: list[str]) -> None:
    """All else keeps its weights, and the given network stays as it is."""
    model = network(*end)
    before = [np.array(value) for value in model.get_weights()]
    changed = with_new_head(model, Task.MULTICLASS, 5)
    assert [layer.name for layer in changed.layers[1:]] == kept
    assert changed.output_shape == (None, 5)
    np.testing.assert_array_equal(changed.get_layer("conv").get_weights()[0], before[0])
    assert [layer.name for layer in model.layers][:1] == ["conv"]
    assert changed.loss == "sparse_categorical_crossentropy"


def test_frozen_layers_stay_frozen_behind_a_new_head() -> None:
    """What the user froze is frozen in the result."""
    model = network(layers.Flatten(), layers.Dense(10))
    model.get_layer("conv").trainable = False
    assert [v.path.split("/")[0] for v in with_new_head(model, Task.BINARY, 2).trainable_variables] == [
        "head"
    ] * 2


def test_several_outputs_are_refused() -> None:
    """Which of them should be exchanged is not known."""
    entry = keras.Input((3,))
    model = keras.Model(entry, [layers.Dense(1)(entry), layers.Dense(2)(entry)])
    with pytest.raises(ModelMismatchError, match="another head"):
        with_new_head(model, Task.BINARY, 2)
