"""The bias that can hold the class shares, found at the end of a network."""

from __future__ import annotations

import keras
import pytest

from wellfit.models import output_bias, training_setup
from wellfit.records import Task

layers = keras.layers
BINARY = keras.losses.BinaryCrossentropy
SPARSE = keras.losses.SparseCategoricalCrossentropy


def bias_of(*ending: object, loss: object, num_classes: int = 2) -> int:
    """Return the position of the output's bias in a network of one hidden layer with this ending."""
    model = keras.Sequential([keras.Input((6,)), layers.Dense(5, activation="relu"), *ending])
    model.compile("sgd", loss)
    task = Task.BINARY if num_classes == 2 else Task.MULTICLASS if num_classes else Task.REGRESSION
    return output_bias(model, training_setup(model, task, any_training=True), num_classes)


@pytest.mark.parametrize(
    ("ending", "loss", "num_classes"),
    [
        ([layers.Dense(1, activation="sigmoid")], BINARY(), 2),
        ([layers.Dense(1)], BINARY(from_logits=True), 2),
        ([layers.Dense(1), layers.Activation("sigmoid")], BINARY(), 2),
        ([layers.Dense(2, activation="softmax")], SPARSE(), 2),
        ([layers.Dense(4, activation="softmax")], SPARSE(), 4),
        ([layers.Dense(4), layers.Activation("linear")], SPARSE(from_logits=True), 4),
    ],
)
def test_the_bias_of_a_classifier_is_found(ending: list[object], loss: object, num_classes: int) -> None:
    """Behind the hidden layer's kernel and bias and the output's kernel."""
    assert bias_of(*ending, loss=loss, num_classes=num_classes) == 3


@pytest.mark.parametrize(
    ("ending", "loss", "num_classes"),
    [
        ([layers.Dense(1, activation="sigmoid", use_bias=False)], BINARY(), 2),
        ([layers.Dense(1, activation="sigmoid", trainable=False)], BINARY(), 2),
        ([layers.Dense(1, activation="sigmoid")], BINARY(from_logits=True), 2),
        ([layers.Dense(1, activation="tanh"), layers.Activation("sigmoid")], BINARY(), 2),
        ([layers.Dense(1), layers.BatchNormalization(), layers.Activation("sigmoid")], BINARY(), 2),
        ([layers.Dense(1, activation="sigmoid")], keras.losses.MeanSquaredError(), 2),
        ([layers.Dense(2, activation="sigmoid")], SPARSE(), 2),
        ([layers.Dense(9, activation="softmax")], SPARSE(), 4),
        ([layers.Dense(1)], keras.losses.MeanSquaredError(), 0),
        ([layers.Dense(8), layers.Reshape((4, 2)), layers.GlobalAveragePooling1D()], SPARSE(), 2),
    ],
)
def test_other_endings_have_none(ending: list[object], loss: object, num_classes: int) -> None:
    """No bias, a frozen one, one that something else stands behind, or no cross-entropy of these classes."""
    assert bias_of(*ending, loss=loss, num_classes=num_classes) == -1
