"""What is read off a network: output, loss, layers, optimizer."""

from __future__ import annotations

import math

import keras
import model_samples as samples
import pytest

from wellfit.models import read_network

layers = keras.layers


def chain(head: object, *hidden: object) -> keras.Model:
    """Return a network of 6 inputs with these hidden layers and this head."""
    return keras.Sequential([keras.Input((6,)), *hidden, head])


def test_a_compiled_classifier_is_read() -> None:
    """Output, loss, optimizer and rates are what was written."""
    model = samples.plain_chain()
    model.compile(keras.optimizers.AdamW(0.02, weight_decay=0.01), "binary_crossentropy")
    facts = read_network(model)
    assert (facts.num_outputs, facts.activation, facts.loss_name) == (1, "sigmoid", "binary_crossentropy")
    assert (facts.optimizer, facts.from_logits, facts.label_smoothing) == ("AdamW", False, 0.0)
    assert facts.learning_rate == pytest.approx(0.02)
    assert facts.weight_decay == pytest.approx(0.01)
    assert facts.dropout == pytest.approx(0.2)
    assert facts.batch_normalizations == (("norm", pytest.approx(0.99)),)
    assert facts.frozen_layers == ()
    assert facts.penalty == 0.0
    assert facts.has_graph
    assert facts.is_compiled
    assert facts.num_parameters == sum(math.prod(v.shape) for v in model.trainable_variables)


def test_an_uncompiled_network_is_read() -> None:
    """There is no loss, no optimizer, and no learning rate."""
    facts = read_network(samples.plain_chain())
    assert (facts.loss_name, facts.optimizer, facts.is_compiled) == ("none", "none", False)
    assert math.isnan(facts.learning_rate)
    assert facts.activation == "sigmoid"


def test_losses_as_objects_tell_their_arguments() -> None:
    """Logits and label smoothing are those of the loss."""
    model = chain(layers.Dense(3))
    model.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1))
    facts = read_network(model)
    assert (facts.loss_name, facts.from_logits) == ("categorical_crossentropy", True)
    assert facts.label_smoothing == pytest.approx(0.1)
    assert (facts.num_outputs, facts.activation) == (3, "linear")


def test_an_activation_layer_is_the_output_s() -> None:
    """A Dense and its activation may be two layers."""
    facts = read_network(chain(layers.Activation("tanh"), layers.Dense(2)))
    assert facts.activation == "tanh"


def test_a_network_that_cannot_be_trained_is_read() -> None:
    """Softmax on one unit, and a loss for other targets: nothing raises."""
    model = chain(layers.Dense(1, activation="softmax"))
    model.compile("adam", "categorical_crossentropy")
    facts = read_network(model)
    assert (facts.activation, facts.loss_name) == ("softmax", "categorical_crossentropy")


def test_a_loss_of_its_own_is_other() -> None:
    """A function that is not known by name has no name here."""
    model = chain(layers.Dense(1))
    model.compile("sgd", lambda truth, guess: keras.ops.mean((truth - guess) ** 4))
    assert read_network(model).loss_name == "other"


@pytest.mark.parametrize("frozen", [(), ("first",), ("first", "third")])
def test_frozen_layers_are_named(frozen: tuple[str, ...]) -> None:
    """Layers whose kernels training may not change; normalization statistics are not meant."""
    model = samples.plain_chain()
    for name in (*frozen, "norm"):
        model.get_layer(name).trainable = False
    assert read_network(model).frozen_layers == frozen


def test_the_strongest_penalty_and_dropout_count() -> None:
    """Of several the highest is told."""
    regularizers = keras.regularizers
    hidden = [
        layers.Dense(4, kernel_regularizer=regularizers.L2(0.01)),
        layers.Dropout(0.1),
        layers.Dense(4, kernel_regularizer=regularizers.L1L2(0.05, 0.001)),
        layers.Dropout(0.4),
    ]
    facts = read_network(chain(layers.Dense(1), *hidden))
    assert facts.penalty == pytest.approx(0.05)
    assert facts.dropout == pytest.approx(0.4)


def test_layers_inside_layers_are_read() -> None:
    """A network within the network is looked into."""
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(4), layers.Dropout(0.3)], name="inner")
    inner.trainable = False
    facts = read_network(chain(layers.Dense(1), inner))
    assert facts.dropout == pytest.approx(0.3)
    assert len(facts.frozen_layers) == 1


def test_schedules_tell_their_first_rate() -> None:
    """A learning rate that decays is known by where it starts."""
    model = chain(layers.Dense(1))
    schedule = keras.optimizers.schedules.ExponentialDecay(0.05, 100, 0.9)
    model.compile(keras.optimizers.SGD(schedule), "mse")
    assert read_network(model).learning_rate == pytest.approx(0.05)


def test_reading_changes_nothing() -> None:
    """The network is as it was, and reads the same again."""
    model = samples.plain_chain()
    model.compile("adam", "binary_crossentropy")
    before = samples.shuffle_weights(model)
    assert read_network(model) == read_network(model)
    assert all((old == new).all() for old, new in zip(before, model.get_weights(), strict=True))
