"""Data, networks and comparisons that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from wellfit.models import network_function, training_setup
from wellfit.population import Population
from wellfit.records import Curves, Dataset, Members, Settings, Split, Task, members_from

Array = np.ndarray
layers = keras.layers


def dataset(task: Task = Task.BINARY, *, rows: int = 64, features: int = 5, seed: int = 0) -> Dataset:
    """Return rows with a learnable target: the sign, the largest or the values of linear scores."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(rows, features)).astype(np.float32)
    scores = inputs @ rng.normal(size=(features, 3)) + 0.3 * rng.normal(size=(rows, 3))
    if task is Task.BINARY:
        target, names = (scores[:, 0] > 0).astype(np.int32), ("no", "yes")
    elif task is Task.MULTICLASS:
        target, names = scores.argmax(axis=1).astype(np.int32), ("a", "b", "c")
    else:
        target, names = scores[:, :1].astype(np.float32), ()
    return Dataset(inputs=(inputs,), target=target, task=task, class_names=names)


def split(data: Dataset, train: int = 43) -> Split:
    """Return the first rows for training (43 is no multiple of a batch of 8), the others for validation."""
    rows = np.arange(data.num_rows, dtype=np.int32)
    return Split(train=rows[:train], validation=rows[train:])


def members(count: int = 1, *, seeds: Sequence[int] | None = None, **changes: Any) -> Members:
    """Return members of batch size 8 that keep their last weights; `changes` replaces arrays."""
    seeds = list(range(count)) if seeds is None else seeds
    settings = Settings(batch_size=8, epochs=4, learning_rate=0.01, dropout_scale=0.0)
    made = members_from([settings], split=[0] * len(seeds), seed=seeds, restore_best=False)
    return made.replace(**changes)


def network(*, units: int = 6, outputs: int = 1, activation: str | None = "sigmoid") -> keras.Model:
    """Return 5-`units`-`outputs` with tanh."""
    return keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(units, activation="tanh", name="hidden"),
            layers.Dense(outputs, activation=activation, name="head"),
        ]
    )


def population(model: keras.Model, data: Dataset, **options: Any) -> Population:
    """Return the population of a network on the one split of `split`, in blocks of two."""
    options = {"splits": [split(data)], "block_size": 2, **options}
    return Population(network_function(model), training_setup(model, data.task), data, **options)


def fitted(
    model: keras.Model, data: Dataset, *, epochs: int = 4, rows: Array | None = None, **options: Any
) -> list[Array]:
    """Train the model itself with Keras on the training rows in order, and return its weights."""
    rows = split(data).train if rows is None else rows
    inputs = [values[rows] for values in data.inputs]
    weight = options.pop("weight", data.sample_weight)
    model.fit(
        inputs if len(inputs) > 1 else inputs[0],
        options.pop("target", data.target)[rows],
        sample_weight=None if weight is None else weight[rows],
        batch_size=8,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        **options,
    )
    return [np.asarray(value) for value in model.get_weights()]


def assert_weights_equal(
    curves: Curves, expected: Sequence[Array], member: int = 0, **tolerance: float
) -> None:
    """Assert that a member's weights are those of a trained model, to float tolerance."""
    tolerance = {"rtol": 1e-4, "atol": 2e-6, **tolerance}
    assert len(curves.weights) == len(expected)
    for received, wanted in zip(curves.weights, expected, strict=True):
        np.testing.assert_allclose(received[member], wanted, **tolerance)


def assert_same(one: Curves, other: Curves, positions: Sequence[int], others: Sequence[int]) -> None:
    """Assert that members of two populations are equal bit for bit, weights included."""
    losses = ("train_loss", "validation_loss", "penalty", "running_loss")
    for name in (*losses, "num_epochs", "best_epoch", "results"):
        first, second = getattr(one, name)[list(positions)], getattr(other, name)[list(others)]
        width = min(np.shape(first)[-1], np.shape(second)[-1]) if first.ndim == 2 else None
        np.testing.assert_array_equal(first[..., :width], second[..., :width], err_msg=name)
    for first, second in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(first[list(positions)], second[list(others)])


@keras.saving.register_keras_serializable("wellfit-tests")
class Subclassed(keras.Model):
    """A network whose graph only its own code knows."""

    def __init__(self, units: int = 4, **options: Any) -> None:
        super().__init__(**options)
        self.units = units
        self.hidden = layers.Dense(units, activation="tanh")
        self.head = layers.Dense(1, activation="sigmoid")

    def call(self, inputs: Any) -> Any:
        """Return one probability a row."""
        return self.head(self.hidden(inputs))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "units": self.units}


def one_hot(data: Dataset) -> Array:
    """Return ``[row, class]`` float32 targets."""
    return np.eye(data.num_classes, dtype=np.float32)[data.target]
