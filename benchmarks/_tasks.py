"""The tasks that are trained: made tables, the network, and populations whose members all differ."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # the peers run on the population's own backend

import itertools
from dataclasses import dataclass

import keras
import numpy as np
from sklearn.datasets import make_classification

from wellfit.models import network_function, training_setup
from wellfit.population import Population
from wellfit.records import Dataset, Members, Settings, Split, Task, members_from

HIDDEN_UNITS = (64, 32)
BATCH_SIZE = 32
DROPOUT = 0.3


@dataclass(frozen=True, kw_only=True)
class TaskSize:
    """A made table and how long its members train.

    Attributes:
        num_rows: rows, of which four fifths are for training and one fifth is for validation.
        num_features: columns.
        num_classes: classes; two are learned with one output.
        epochs: passes over the training rows.
    """

    num_rows: int = 2000
    num_features: int = 20
    num_classes: int = 2
    epochs: int = 20

    @property
    def num_train(self) -> int:
        """Training rows."""
        return self.num_rows * 4 // 5

    @property
    def num_outputs(self) -> int:
        """Outputs of the network."""
        return 1 if self.num_classes == 2 else self.num_classes


REFERENCE = TaskSize()
WIDE = TaskSize(num_rows=5000, num_features=500)
LONG = TaskSize(num_rows=200_000, epochs=4)
CLASSES = TaskSize(num_classes=10)


def made_table(size: TaskSize) -> tuple[np.ndarray, np.ndarray]:
    """Return standardised float32 inputs and int32 classes, with one label in ten drawn at random."""
    inputs, target = make_classification(
        size.num_rows,
        size.num_features,
        n_informative=8,
        n_classes=size.num_classes,
        n_clusters_per_class=1 if size.num_classes > 2 else 2,
        flip_y=0.1,
        random_state=0,
    )
    inputs = (inputs - inputs.mean(0)) / inputs.std(0)
    return inputs.astype(np.float32), target.astype(np.int32)


def network(
    size: TaskSize, *, dropout: float = DROPOUT, l2: float = 0.0, learning_rate: float = 1e-3
) -> keras.Model:
    """Return the compiled network: dense layers with dropout, and logits."""
    regularizer = keras.regularizers.L2(l2) if l2 else None
    model = keras.Sequential([keras.Input((size.num_features,))])
    for units in HIDDEN_UNITS:
        model.add(keras.layers.Dense(units, activation="relu", kernel_regularizer=regularizer))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(size.num_outputs))
    if size.num_outputs == 1:
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(learning_rate), loss)
    return model


def population(size: TaskSize, num_members: int) -> tuple[Population, Members]:
    """Return a population and members, each with its own rate, L2, dropout, seed and split."""
    inputs, target = made_table(size)
    task = Task.BINARY if size.num_classes == 2 else Task.MULTICLASS
    dataset = Dataset(
        inputs=(inputs,),
        target=target,
        task=task,
        class_names=tuple(str(code) for code in range(size.num_classes)),
    )
    model = network(size)
    splits = [_split(size, seed) for seed in range(num_members)]
    trainer = Population(network_function(model), training_setup(model, task), dataset, splits)
    order = np.arange(num_members, dtype=np.int32)
    weights = np.ones((num_members, size.num_classes), np.float32)
    settings = Settings(epochs=size.epochs, batch_size=BATCH_SIZE)
    members = members_from(
        [settings], split=order.astype(np.int32), seed=order.astype(np.uint32), class_weight=weights
    )
    shuffled = np.random.default_rng(0).permutation(num_members)  # no number goes hand in hand with another
    return trainer, members.replace(
        learning_rate=np.logspace(-4, -2, num_members),
        l2=np.logspace(-6, -2, num_members)[shuffled],
        dropout=np.linspace(0.0, 0.6, num_members)[shuffled[::-1]],
    )


def _split(size: TaskSize, seed: int) -> Split:
    rows = np.random.default_rng(seed).permutation(size.num_rows).astype(np.int32)
    return Split(train=rows[: size.num_train], validation=rows[size.num_train :])


def matmul_flops(size: TaskSize, measured_rows: int) -> float:
    """Return floating-point operations of one member's matrix products, from their shapes alone.

    A product ``[rows, a] @ [a, b]`` takes ``2 rows a b``. An update has one such product a layer forward,
    one for the gradient by the kernel, and one for the gradient by the input except in the first layer,
    whose input needs none. After each epoch there is one product a layer for each measured training row
    and for each validation row. Nothing else is counted, though everything is timed.

    Args:
        size: the task.
        measured_rows: training rows measured after each epoch, at most.
    """
    widths = (size.num_features, *HIDDEN_UNITS, size.num_outputs)
    layers = [a * b for a, b in itertools.pairwise(widths)]
    an_update_row = 2 * (3 * sum(layers) - layers[0])
    a_measured_row = 2 * sum(layers)
    measured = min(size.num_train, measured_rows) + size.num_rows - size.num_train
    return float(size.epochs * (size.num_train * an_update_row + measured * a_measured_row))
