"""What the head of a network reads, as a network of its own."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from wellfit.models import before_head

layers = keras.layers
SHAPE = (6, 6, 1)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Draw the same weights in any order of tests."""
    keras.utils.set_random_seed(0)


def nested() -> keras.Model:
    """Return a backbone inside a network with a head of two layers."""
    backbone = keras.Sequential(
        [keras.Input(SHAPE), layers.Conv2D(3, 3, name="conv"), layers.GlobalAveragePooling2D()],
        name="backbone",
    )
    return keras.Sequential(
        [
            keras.Input(SHAPE),
            backbone,
            layers.Dropout(0.5),
            layers.Dense(4, activation="relu", name="hidden"),
            layers.Dense(2, name="head"),
        ]
    )


def test_new_layers_are_the_head() -> None:
    """Where only the backbone was learned, both layers behind it are new; the network stays as it is."""
    model = nested()
    before, rows = [np.array(value) for value in model.get_weights()], np.ones((2, *SHAPE), np.float32)
    num_calls = len(model.get_layer("backbone").get_layer("conv")._inbound_nodes)
    found = before_head(model, [0, 1])
    assert found is not None
    said = np.asarray(keras.tree.flatten(found(rows))[0])
    np.testing.assert_allclose(said, np.asarray(model.get_layer("backbone")(rows)), rtol=1e-6)
    assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))
    assert len(model.get_layer("backbone").get_layer("conv")._inbound_nodes) == num_calls


def test_of_a_learned_network_the_last_layer_is_the_head() -> None:
    """Its hidden layer counts as learned."""
    found = before_head(nested(), range(6))
    assert found is not None
    assert [tuple(tensor.shape) for tensor in found.outputs] == [(None, 4)]


def test_a_way_around_is_read_too() -> None:
    """A head that reads the pictures beside the features gets both."""
    inputs = keras.Input(SHAPE)
    seen = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3)(inputs))
    model = keras.Model(inputs, layers.Dense(2)(layers.Concatenate()([seen, layers.Flatten()(inputs)])))
    found = before_head(model, [0, 1])
    assert found is not None
    assert found.outputs[0].shape == (None, 3 + 36)


def test_nothing_learned_before_the_head() -> None:
    """A single layer knows nothing of pictures before it, and a subclassed network does not tell."""
    single = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(2)])
    assert before_head(single, [0, 1]) is None
    assert before_head(single, []) is None

    class Own(keras.Model):
        """A network whose graph is not known."""

        def call(self, inputs: object) -> object:
            """Return the inputs."""
            return inputs

    assert before_head(Own(), []) is None
