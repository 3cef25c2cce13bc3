"""A member without randomness equals `keras.Model.fit`: the same weights and losses after training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from population_samples import (
    Subclassed,
    assert_weights_equal,
    dataset,
    fitted,
    layers,
    members,
    network,
    one_hot,
    population,
    split,
)

from wellfit.records import Curves, Dataset, Task

optimizers = keras.optimizers
losses = keras.losses
regularizers = keras.regularizers


def check(
    model: keras.Model, data: Dataset, *, fit: dict[str, Any] | None = None, **changes: Any
) -> tuple[Curves, keras.Model]:
    """Train one member and the model itself from the same weights, and compare them."""
    initial = model.get_weights()
    curves = population(model, data).train(members(**changes), weights=initial, shuffle=False)
    expected = fitted(model, data, **(fit or {}))
    assert any(not np.allclose(new, old) for new, old in zip(expected, initial, strict=True))
    assert_weights_equal(curves, expected)
    return curves, model


OPTIMIZERS = {
    "sgd": optimizers.SGD(0.1),
    "momentum": optimizers.SGD(0.1, momentum=0.9),
    "nesterov": optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01, clipvalue=0.02),
    "clipnorm": optimizers.SGD(0.1, clipnorm=0.05),
    "rmsprop": optimizers.RMSprop(0.01),
    "centered": optimizers.RMSprop(0.01, momentum=0.5, centered=True, global_clipnorm=0.1),
    "adam": optimizers.Adam(0.01),
    "amsgrad": optimizers.Adam(0.01, amsgrad=True, clipnorm=0.1),
    "adamw": optimizers.AdamW(0.01, weight_decay=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer(name: str) -> None:
    """Every optimizer takes Keras' own updates, with its momenta, clipping and decay."""
    config = OPTIMIZERS[name].get_config()
    model = network()
    model.compile(type(OPTIMIZERS[name]).from_config(config), "binary_crossentropy")
    check(model, dataset(), learning_rate=float(config["learning_rate"]))


LOSSES: dict[str, tuple[Task, losses.Loss, str | None]] = {
    "binary": (Task.BINARY, losses.BinaryCrossentropy(), "sigmoid"),
    "binary-logits": (Task.BINARY, losses.BinaryCrossentropy(from_logits=True), None),
    "categorical": (Task.MULTICLASS, losses.CategoricalCrossentropy(), "softmax"),
    "categorical-logits": (Task.MULTICLASS, losses.CategoricalCrossentropy(from_logits=True), None),
    "sparse": (Task.MULTICLASS, losses.SparseCategoricalCrossentropy(), "softmax"),
    "sparse-logits": (Task.MULTICLASS, losses.SparseCategoricalCrossentropy(from_logits=True), None),
    "squared": (Task.REGRESSION, losses.MeanSquaredError(), None),
    "absolute": (Task.REGRESSION, losses.MeanAbsoluteError(), None),
    "huber": (Task.REGRESSION, losses.Huber(delta=0.4), None),
}


@pytest.mark.parametrize("name", LOSSES)
def test_loss(name: str) -> None:
    """Every loss has Keras' gradient, and its value on both sides is what `evaluate` says."""
    task, loss, activation = LOSSES[name]
    data = dataset(task)
    model = network(outputs=3 if task is Task.MULTICLASS else 1, activation=activation)
    model.compile(optimizers.SGD(0.1), loss)
    target = one_hot(data) if name.startswith("categorical") else data.target
    curves, trained = check(model, data, fit={"target": target}, learning_rate=0.1)
    for side, values in (("train", curves.train_loss), ("validation", curves.validation_loss)):
        rows = getattr(split(data), side)
        wanted = float(loss(target[rows].reshape(len(rows), -1), trained(data.inputs[0][rows])))
        np.testing.assert_allclose(values[0, -1], wanted, rtol=1e-4)


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_accuracy(activation: str | None) -> None:
    """Accuracy counts the rows on the right side of one half, or of zero for logits."""
    data = dataset()
    model = network(activation=activation)
    model.compile("sgd", losses.BinaryCrossentropy(from_logits=activation is None))
    curves = population(model, data).train(members(learning_rate=0.0, epochs=1), weights=model.get_weights())
    rows = split(data).validation
    positive = np.asarray(model(data.inputs[0][rows]))[:, 0] > (0.5 if activation else 0.0)
    wanted = np.mean(positive == (data.target[rows] == 1))
    assert 0 < wanted < 1
    np.testing.assert_allclose(curves.validation_metrics["accuracy"], [[wanted]], rtol=1e-6)


def normalized() -> keras.Model:
    """Return a network with both normalizations and the activations that have weights or kinks."""
    return keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(6, use_bias=False, name="first"),
            layers.BatchNormalization(momentum=0.8),
            layers.PReLU(),
            layers.Dense(4, activation="relu", name="second"),
            layers.LayerNormalization(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def one_channel() -> keras.Model:
    """Return a network that normalizes a single unit, padded rows left out."""
    return keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(1, use_bias=False, name="only"),
            layers.BatchNormalization(momentum=0.8),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def convolved() -> keras.Model:
    """Return a network that normalizes the channels of a sequence, padded rows left out."""
    return keras.Sequential(
        [
            keras.Input((5,)),
            layers.Reshape((5, 1)),
            layers.Conv1D(3, 2, activation="relu"),
            layers.BatchNormalization(momentum=0.5),
            layers.GRU(3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def penalized() -> keras.Model:
    """Return a network with penalties of its own, on kernels, biases and activities."""
    return keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(6, activation="tanh", kernel_regularizer=regularizers.L1L2(0.01, 0.02)),
            layers.Dense(
                4,
                activation="relu",
                kernel_regularizer=regularizers.OrthogonalRegularizer(0.05),
                bias_regularizer="l2",
                activity_regularizer=regularizers.L2(0.1),
            ),
            layers.ActivityRegularization(l1=0.05),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def frozen() -> keras.Model:
    """Return a network whose first layer is frozen, penalty and all, and an adapted normalization."""
    scale = layers.Normalization()
    scale.adapt(3.0 + 2.0 * dataset().inputs[0])
    fixed = layers.Dense(6, activation="tanh", kernel_regularizer="l2", name="fixed", trainable=False)
    return keras.Sequential(
        [keras.Input((5,)), scale, fixed, layers.Dense(1, activation="sigmoid", name="head")]
    )


def subclassed() -> keras.Model:
    """Return a subclassed network that can be cloned."""
    model = Subclassed(units=4)
    model(np.zeros((2, 5), np.float32))
    return model


def skipping() -> keras.Model:
    """Return a functional network with plain operations between its layers."""
    inputs = keras.Input((5,))
    x = keras.ops.relu(layers.Dense(6)(inputs))
    y = keras.ops.tanh(layers.Dense(6)(x))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x + 2.0 * y))


def constrained() -> keras.Model:
    """Return a network whose weights are held to norms and signs after every update."""
    first = layers.Dense(6, activation="tanh", kernel_constraint=keras.constraints.MaxNorm(0.7))
    head = layers.Dense(1, activation="sigmoid", kernel_constraint="non_neg", bias_constraint="non_neg")
    return keras.Sequential([keras.Input((5,)), first, head])


def test_dropout_is_put_after_plain_operations() -> None:
    """An absolute dropout rate acts behind ``keras.ops.relu`` too, where no layer stands."""
    model = skipping()
    model.compile("sgd", "binary_crossentropy")
    curves = population(model, dataset()).train(members(2, seeds=[1, 1], dropout=[0.0, 0.5]))
    assert curves.train_loss[0, 0] != curves.train_loss[1, 0]


@pytest.mark.parametrize(
    "build",
    [normalized, one_channel, constrained, convolved, penalized, frozen, subclassed, skipping],
    ids=lambda f: f.__name__,
)
def test_network(build: Callable[[], keras.Model]) -> None:
    """Layers with state, penalties or no graph behave as in Keras, a partial last batch included."""
    model = build()
    model.compile(optimizers.Adam(0.02), "binary_crossentropy")
    check(model, dataset(), learning_rate=0.02)


def test_frozen_layer_stays_and_has_no_penalty() -> None:
    """A frozen layer keeps the weights it was given, even in a new start, and its penalty is none."""
    model = frozen()
    model.compile(optimizers.SGD(0.1), "binary_crossentropy")
    curves = population(model, dataset()).train(members(2, l2=[0.0, 0.1]))
    for received, own in zip(curves.weights[:5], model.get_weights()[:5], strict=True):
        np.testing.assert_array_equal(received[0], own)
        np.testing.assert_array_equal(received[1], own)
    assert np.all(curves.penalty[0] == 0)
    head = curves.weights[-2][1]
    np.testing.assert_allclose(curves.penalty[1, -1], 0.1 * np.square(head).sum(), rtol=1e-5)


def test_several_inputs_and_embedding() -> None:
    """Inputs go in by their order, codes as integers, and embeddings learn like kernels."""
    numbers = dataset()
    codes = np.random.default_rng(3).integers(0, 4, (64, 2)).astype(np.int32)
    data = replace(numbers, inputs=(numbers.inputs[0], codes), input_names=("numbers", "codes"))
    first = keras.Input((5,), name="numbers")
    second = keras.Input((2,), dtype="int32", name="codes")
    embedded = layers.Flatten()(layers.Embedding(4, 3, embeddings_regularizer="l2")(second))
    joined = layers.Concatenate()([layers.Dense(4, activation="tanh")(first), embedded])
    model = keras.Model([first, second], layers.Dense(1, activation="sigmoid")(joined))
    model.compile(optimizers.Adam(0.02), "binary_crossentropy")
    check(model, data, learning_rate=0.02)


def test_sample_and_class_weights() -> None:
    """Row weights and class weights multiply, and a batch's loss is divided by its rows, as in Keras."""
    weight = np.random.default_rng(1).uniform(0.2, 3.0, 64).astype(np.float32)
    data = replace(dataset(), sample_weight=weight)
    model = network()
    model.compile(optimizers.SGD(0.1), "binary_crossentropy")
    initial = model.get_weights()
    chosen = members(learning_rate=0.1)
    chosen = replace(chosen, class_weight=np.array([[0.5, 2.0]], np.float32))
    curves = population(model, data).train(chosen, weights=initial, shuffle=False)
    assert_weights_equal(curves, fitted(model, data, weight=weight * np.where(data.target == 1, 2.0, 0.5)))
    rows = split(data).validation
    output = np.asarray(model(data.inputs[0][rows]))[:, 0]
    loss = -np.where(data.target[rows] == 1, np.log(output), np.log(1 - output))
    wanted = (loss * weight[rows]).sum() / weight[rows].sum()
    np.testing.assert_allclose(curves.validation_loss[0, -1], wanted, rtol=1e-4)


def test_several_outputs_of_regression() -> None:
    """A target with two columns is learned as one, each error in its own unit."""
    data = dataset(Task.REGRESSION)
    data = replace(data, target=np.concatenate([data.target, 1.0 - 2.0 * data.target**2], axis=1))
    model = network(outputs=2, activation=None)
    model.compile(optimizers.SGD(0.05), "mean_squared_error")
    check(model, data, learning_rate=0.05)
