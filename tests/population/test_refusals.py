"""What the program cannot do is refused by an error that names it, or goes to the sequential executor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from population_samples import Subclassed, dataset, layers, members, split

from wellfit.models import network_function, optimizer_function, training_setup
from wellfit.population import choose_executor, open_executor
from wellfit.records import Task, UnsupportedModelError


class OwnStep(keras.Model):
    """A model with a training step of its own: twice the loss."""

    def train_step(self, state: Any, data: Any) -> Any:
        """Do as Keras does."""
        return super().train_step(state, data)


class OwnLoss(keras.Model):
    """A model whose loss is twice the compiled one."""

    def compute_loss(self, *arguments: Any, **options: Any) -> Any:
        """Return twice the compiled loss."""
        return 2.0 * super().compute_loss(*arguments, **options)


class _Twice:
    def __call__(self, inputs: Any) -> Any:
        return 2 * inputs


class Unclonable(layers.Layer):
    """A layer whose argument no config can hold."""

    def __init__(self, function: Callable[[Any], Any], **options: Any) -> None:
        super().__init__(**options)
        self.function = function

    def call(self, inputs: Any) -> Any:
        """Return the function of the inputs."""
        return self.function(inputs)


def functional(kind: type[keras.Model]) -> keras.Model:
    """Return a small network of a class."""
    inputs = keras.Input((5,))
    x = layers.Dense(4, activation="tanh", name="hidden")(inputs)
    model = kind(inputs, layers.Dense(1, activation="sigmoid", name="head")(x))
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    return model


def stateful() -> keras.Model:
    """Return a recurrent network that keeps its state between batches."""
    inputs = keras.Input(batch_shape=(8, 5, 1))
    return keras.Model(inputs, layers.Dense(1)(layers.LSTM(3, stateful=True, name="memory")(inputs)))


def two_outputs() -> keras.Model:
    """Return a network with two outputs."""
    inputs = keras.Input((5,))
    return keras.Model(inputs, [layers.Dense(1, name="left")(inputs), layers.Dense(1, name="right")(inputs)])


def unclonable() -> keras.Model:
    """Return a network with a layer that cannot be cloned."""
    return keras.Sequential([keras.Input((5,)), Unclonable(_Twice(), name="stubborn"), layers.Dense(1)])


def unbuilt() -> keras.Model:
    """Return a network without an input shape."""
    return keras.Sequential([layers.Dense(1)], name="shapeless")


REFUSED: dict[str, tuple[Callable[[], keras.Model], str]] = {
    "own train_step": (lambda: functional(OwnStep), "OwnStep has its own train_step"),
    "own compute_loss": (lambda: functional(OwnLoss), "OwnLoss has its own compute_loss"),
    "stateful": (stateful, "layer 'memory'"),
    "two outputs": (two_outputs, "2 outputs"),
    "unclonable": (unclonable, "layer 'stubborn'"),
    "unbuilt": (unbuilt, "'shapeless'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    """The error says which layer or method it is, what is expected and how to mend it."""
    build, message = REFUSED[name]
    with pytest.raises(UnsupportedModelError, match=message.replace("(", r"\(")) as caught:
        network_function(build())
    assert caught.value.received
    assert caught.value.expected
    assert caught.value.fix
    assert isinstance(caught.value, NotImplementedError)


@pytest.mark.parametrize("name", ["stateful", "two outputs", "unclonable", "unbuilt"])
def test_no_executor_can(name: str) -> None:
    """Where not even `fit` can train variants, the choice is the same clear error."""
    build, message = REFUSED[name]
    model = build()
    with pytest.raises(UnsupportedModelError, match=message):
        choose_executor(model, Task.REGRESSION)


def test_optimizers_that_keep_state_of_their_own_are_refused() -> None:
    """Averaged weights and gathered gradients belong to a network, not to a member."""
    for options in ({"use_ema": True}, {"gradient_accumulation_steps": 2}):
        config = keras.optimizers.serialize(keras.optimizers.Adam(**options))
        with pytest.raises(UnsupportedModelError, match=next(iter(options))):
            optimizer_function(config, [(2,)], ["float32"])


def test_choice_inline() -> None:
    """A plain network on JAX trains in this process."""
    choice = choose_executor(functional(keras.Model), Task.BINARY)
    assert choice.kind == "inline"
    assert "JAX" in choice.reason


def _subclassed() -> keras.Model:
    model = Subclassed()
    model(np.zeros((2, 5), np.float32))
    model.compile(keras.optimizers.Nadam(0.01), "binary_crossentropy")
    return model


OTHERS: dict[str, Callable[[], keras.Model]] = {
    "train_step": lambda: functional(OwnStep),
    "compute_loss": lambda: functional(OwnLoss),
    "optimizer": lambda: _compiled(keras.optimizers.Nadam(0.01), "binary_crossentropy"),
    "gathered gradients": lambda: _compiled(
        keras.optimizers.SGD(0.1, gradient_accumulation_steps=2), "binary_crossentropy"
    ),
    "loss": lambda: _compiled(keras.optimizers.SGD(0.1), "poisson"),
    "subclassed": _subclassed,
    "loss function": lambda: _compiled(keras.optimizers.SGD(0.1), brier),
}


def brier(target: Any, output: Any) -> Any:
    """Return the squared distance of each row."""
    return keras.ops.mean(keras.ops.square(keras.ops.cast(target, output.dtype) - output), axis=-1)


def _compiled(optimizer: keras.optimizers.Optimizer, loss: Any) -> keras.Model:
    model = functional(keras.Model)
    model.compile(optimizer, loss)
    return model


@pytest.mark.parametrize("name", OTHERS)
def test_sequential_executor_trains_it(name: str) -> None:
    """What only Keras can train is trained by Keras, with curves, weights and predictions."""
    model, data = OTHERS[name](), dataset()
    choice = choose_executor(model, data.task)
    assert choice.kind == "fit"
    assert "one by one" in choice.reason
    before = [value.copy() for value in model.get_weights()]
    executor = open_executor("fit", model, data, [split(data)])
    chosen = members(1, epochs=2, learning_rate=0.1, l2=0.5)
    curves = executor.train(chosen, weights=before)
    assert curves.results.tolist() == [0]
    assert curves.train_loss.shape == (1, 2)
    assert np.isfinite(curves.validation_loss).all()
    kernels = [value[0] for value in curves.weights if value.ndim == 3]
    np.testing.assert_allclose(curves.penalty[0, -1], 0.5 * sum((k**2).sum() for k in kernels), rtol=1e-5)
    predictions = executor.predict(curves, chosen, split(data).validation)
    assert predictions.shape == (1, 21, 2)
    np.testing.assert_allclose(predictions.sum(-1), 1.0, rtol=1e-5)
    for value, own in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, own)  # the user's network is left alone


def test_own_loss_is_used() -> None:
    """A doubled loss moves the weights like a doubled learning rate under SGD."""
    data = dataset()
    plain, doubled = functional(keras.Model), functional(OwnLoss)
    weights = plain.get_weights()
    fast = open_executor("inline", plain, data, [split(data)])
    slow = open_executor("fit", doubled, data, [split(data)])
    wanted = fast.train(members(learning_rate=0.2), weights=weights)
    found = slow.train(members(learning_rate=0.1), weights=weights)
    for received, expected in zip(found.weights, wanted.weights, strict=True):
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-6)


def test_setup_still_refuses_without_being_asked() -> None:
    """`training_setup` accepts such networks for `fit` alone."""
    with pytest.raises(UnsupportedModelError, match="Nadam"):
        training_setup(OTHERS["optimizer"](), Task.BINARY)
    assert training_setup(OTHERS["optimizer"](), Task.BINARY, any_training=True).optimizer == "Nadam"
