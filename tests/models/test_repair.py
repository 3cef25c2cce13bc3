"""Networks with one thing set right: the rest stays as it was."""

from __future__ import annotations

import keras
import model_samples as samples
import numpy as np
import pytest

from wellfit.models import (
    activations,
    normalized,
    read_network,
    recalibrated,
    unfrozen,
    with_output,
    with_weights,
    without_decay,
)
from wellfit.records import Task, UnsupportedModelError

layers = keras.layers


def chain(head: object, *hidden: object) -> keras.Model:
    """Return a compiled network of 6 inputs with these hidden layers and this head."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((6,)), *hidden, head])
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy")
    return model


def hidden() -> list[object]:
    """Return one named hidden layer."""
    return [layers.Dense(5, activation="relu", name="hidden")]


def same(one: keras.Model, two: keras.Model) -> bool:
    """Whether two networks hold the same weights."""
    pairs = zip(one.get_weights(), two.get_weights(), strict=True)
    return all((mine == theirs).all() for mine, theirs in pairs)


@pytest.mark.parametrize(
    ("task", "num_outputs", "loss"),
    [
        (Task.BINARY, 1, keras.losses.BinaryCrossentropy),
        (Task.MULTICLASS, 4, keras.losses.SparseCategoricalCrossentropy),
        (Task.REGRESSION, 2, keras.losses.MeanSquaredError),
    ],
)
def test_the_output_is_set_right(task: Task, num_outputs: int, loss: type) -> None:
    """A linear layer of the right size and the loss that takes it; optimizer and hidden weights stay."""
    model = chain(layers.Dense(1, activation="softmax", name="head"), *hidden())
    repaired = with_output(model, task, num_outputs)
    facts = read_network(repaired)
    assert (facts.num_outputs, facts.activation) == (num_outputs, "linear")
    assert isinstance(repaired.loss, loss)
    assert facts.from_logits == task.is_classification
    assert (facts.optimizer, facts.learning_rate) == ("Adam", pytest.approx(0.02))
    np.testing.assert_array_equal(
        repaired.get_layer("hidden").get_weights()[0], model.get_layer("hidden").get_weights()[0]
    )


def test_an_output_that_keeps_its_size_keeps_its_weights() -> None:
    """Only the activation goes: the new output is what the old one squashed."""
    model = chain(layers.Dense(1, activation="sigmoid", name="head"), *hidden())
    repaired = with_output(model, Task.BINARY, 1)
    x = samples.rows(model)
    before, after = samples.outputs(model, x), samples.outputs(repaired, x)
    np.testing.assert_allclose(1 / (1 + np.exp(-after)), before, rtol=1e-5, atol=1e-6)
    assert read_network(model).activation == "sigmoid"


def test_activations_behind_the_last_layer_become_linear() -> None:
    """A softmax in a layer of its own is set right as well."""
    model = chain(layers.Activation("softmax"), *hidden(), layers.Dense(1, name="head"))
    repaired = with_output(model, Task.MULTICLASS, 3)
    facts = read_network(repaired)
    assert (facts.num_outputs, facts.activation) == (3, "linear")
    total = samples.outputs(repaired, samples.rows(repaired)).sum(axis=1)
    assert not np.allclose(total, 1.0)


def test_an_output_that_is_no_layer_is_refused() -> None:
    """What stands between the last Dense and the output must be an activation."""
    model = chain(layers.UnitNormalization(), layers.Dense(3))
    with pytest.raises(UnsupportedModelError, match="cannot be changed"):
        with_output(model, Task.MULTICLASS, 3)


def test_frozen_layers_are_freed_and_predict_the_same() -> None:
    """Every kernel can be trained, the weights are those that were there, and the original stays frozen."""
    model = samples.plain_chain()
    samples.shuffle_weights(model)
    for name in ("first", "third"):
        model.get_layer(name).trainable = False
    model.compile("sgd", "binary_crossentropy")
    free = unfrozen(model)
    assert read_network(free).frozen_layers == ()
    assert read_network(model).frozen_layers == ("first", "third")
    assert free.loss == model.loss
    assert same(free, model)
    x = samples.rows(model)
    np.testing.assert_array_equal(samples.outputs(free, x), samples.outputs(model, x))


@pytest.mark.parametrize("name", ["AdamW", "SGD"])
def test_decay_is_taken_away_and_nothing_else(name: str) -> None:
    """The optimizer keeps its class and rate, the network its weights."""
    model = samples.plain_chain()
    optimizer = getattr(keras.optimizers, name)(0.03, weight_decay=0.1)
    model.compile(optimizer, "binary_crossentropy")
    plain = without_decay(model)
    facts = read_network(plain)
    assert (facts.optimizer, facts.weight_decay) == (name, 0.0)
    assert facts.learning_rate == pytest.approx(0.03)
    assert same(plain, model)
    assert read_network(model).weight_decay == pytest.approx(0.1)


def test_other_weights_go_into_a_copy() -> None:
    """The copy predicts what a network with these weights predicts; the original does not change."""
    model = samples.plain_chain()
    before = [np.array(values) for values in model.get_weights()]
    other = samples.plain_chain()
    wanted = samples.shuffle_weights(other, seed=3)
    copy = with_weights(model, wanted)
    x = samples.rows(model)
    np.testing.assert_allclose(samples.outputs(copy, x), samples.outputs(other, x), rtol=1e-6)
    assert all((old == new).all() for old, new in zip(before, model.get_weights(), strict=True))


def test_statistics_become_the_moments_of_the_rows() -> None:
    """Mean and variance of what reaches the layer; all trained weights, and the original, stay."""
    model = samples.plain_chain()
    samples.shuffle_weights(model)
    before = [np.array(values) for values in model.get_weights()]
    x = samples.rows(model, 64)
    copy = recalibrated(model, before, [x])
    first = np.maximum(x @ before[0] + before[1], 0.0)
    reaching = first @ before[2] + before[3]
    norm = copy.get_layer("norm")
    np.testing.assert_allclose(np.asarray(norm.moving_mean), reaching.mean(axis=0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(np.asarray(norm.moving_variance), reaching.var(axis=0), rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(copy.get_layer("third").get_weights()[0], before[8])
    assert all((old == new).all() for old, new in zip(before, model.get_weights(), strict=True))


def test_statistics_that_are_right_change_nothing() -> None:
    """Taking the moments twice predicts the same."""
    model = samples.plain_chain()
    x = samples.rows(model, 64)
    once = recalibrated(model, samples.shuffle_weights(model), [x])
    twice = recalibrated(model, once.get_weights(), [x])
    np.testing.assert_allclose(samples.outputs(once, x), samples.outputs(twice, x), rtol=1e-5, atol=1e-6)


def test_activations_are_those_of_hidden_layers() -> None:
    """Each nonlinearity by the name of its layer, with what it puts out; the head is not hidden."""
    model = samples.plain_chain()
    weights = samples.shuffle_weights(model)
    x = samples.rows(model)
    found = activations(model, weights, [x])
    assert {layer: name for layer, (name, _) in found.items()} == {
        "first": "relu",
        "relu": "relu",
        "third": "tanh",
    }
    np.testing.assert_allclose(
        found["first"][1], np.maximum(x @ weights[0] + weights[1], 0.0), rtol=1e-4, atol=1e-5
    )


def test_dead_layers_put_out_the_same_for_every_row() -> None:
    """Biases far below zero: every unit of the layer is zero, those behind it are constant."""
    model = samples.plain_chain()
    weights = samples.shuffle_weights(model)
    weights[1] = np.full_like(weights[1], -1e3)
    found = activations(model, weights, [samples.rows(model)])
    assert not found["first"][1].any()
    assert np.ptp(found["third"][1], axis=0).max() == pytest.approx(0.0, abs=1e-6)


def test_networks_without_hidden_nonlinearities_have_none() -> None:
    """A linear model has no units to count."""
    model = chain(layers.Dense(1, activation="sigmoid"))
    assert activations(model, model.get_weights(), [samples.rows(model)]) == {}


def test_functional_networks_are_repaired_alike() -> None:
    """Residual and concatenated networks keep what they predict."""
    model = samples.residual()
    samples.shuffle_weights(model)
    x = samples.rows(model)
    np.testing.assert_allclose(
        samples.outputs(with_weights(model, model.get_weights()), x), samples.outputs(model, x), rtol=1e-5
    )
    repaired = with_output(model, Task.MULTICLASS, 3)
    logits = samples.outputs(repaired, x)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(
        shares / shares.sum(axis=1, keepdims=True), samples.outputs(model, x), rtol=1e-4, atol=1e-5
    )


def test_normalization_stands_between_layers() -> None:
    """After every hidden nonlinearity, not after the output's; weights of the layers stay."""
    model = chain(layers.Dense(1, activation="sigmoid", name="head"), *hidden(), layers.ReLU(name="relu"))
    changed = normalized(model)
    assert [layer.name for layer in changed.layers] == [
        "hidden",
        "hidden_normalized",
        "relu",
        "relu_normalized",
        "head",
    ]
    np.testing.assert_array_equal(
        changed.get_layer("hidden").get_weights()[0], model.get_layer("hidden").get_weights()[0]
    )
    assert changed.loss == model.loss


def test_without_a_hidden_nonlinearity_there_is_nothing_to_normalize() -> None:
    """A linear network has nowhere to put it."""
    with pytest.raises(UnsupportedModelError, match="nowhere"):
        normalized(chain(layers.Dense(1, activation="sigmoid")))
