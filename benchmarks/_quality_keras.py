"""Peers of Keras: a plain network, and KerasTuner's searches around it and a residual one."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from _quality_inputs import Encoder
from _quality_methods import Clock, Fitted
from _quality_tables import Split

_END_S = 0.5  # kept back for what follows the training
_OBJECTIVE = "val_loss_alone"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One network and how it is trained; the fields are those that wellfit's search varies."""

    width: int = 64
    depth: int = 2
    is_residual: bool = False
    batch_normalization: bool = False
    dropout: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    label_smoothing: float = 0.0


class Deadline(keras.callbacks.Callback):
    """Stops a training after the batch in which the time is up.

    Args:
        until: value of `time.monotonic`.
    """

    def __init__(self, until: float) -> None:
        super().__init__()
        self.until = until

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """End the epoch early where an epoch takes long."""
        if time.monotonic() > self.until:
            self.model.stop_training = True


class Material:
    """Matrices for a Keras network, and the way back from its outputs.

    Args:
        split: the table.
        validation_share: of the training rows, to stop and to choose by.
    """

    def __init__(self, split: Split, validation_share: float) -> None:
        self.split, self.encoder = split, Encoder(split)
        x, y = self.encoder.matrix(split.train), split.truth(split.train)
        self.num_outputs = len(split.classes) or 1
        stratify = y if split.is_classification else None
        train, held = train_test_split(
            np.arange(len(y)), test_size=validation_share, random_state=0, stratify=stratify
        )
        if split.is_classification:
            y = np.eye(self.num_outputs, dtype=np.float32)[y]
        else:
            self.center, self.scale = y[train].mean(), y[train].std() or 1.0
            y = ((y - self.center) / self.scale).astype(np.float32)[:, None]
        self.train, self.validation = (x[train], y[train]), (x[held], y[held])
        self.batch_size = _batch_size(len(train))

    def network(self, shape: Shape) -> keras.Model:
        """Return a compiled network."""
        inputs = keras.Input((self.train[0].shape[1],))
        x = _residual(inputs, shape) if shape.is_residual else _plain(inputs, shape)
        activation = "softmax" if self.split.is_classification else None
        model = keras.Model(inputs, keras.layers.Dense(self.num_outputs, activation=activation)(x))
        model.compile(
            optimizer=keras.optimizers.Adam(shape.learning_rate, weight_decay=shape.weight_decay or None),
            loss=self._loss(shape),
            metrics=[self._metric()],
        )
        return model

    def _loss(self, shape: Shape) -> keras.losses.Loss:
        if self.split.is_classification:
            return keras.losses.CategoricalCrossentropy(label_smoothing=shape.label_smoothing)
        return keras.losses.MeanSquaredError()

    def _metric(self) -> keras.metrics.Metric:
        """Return what is stopped and chosen by: the loss without penalties and smoothed labels."""
        name = _OBJECTIVE.removeprefix("val_")
        if self.split.is_classification:
            return keras.metrics.CategoricalCrossentropy(name=name)
        return keras.metrics.MeanSquaredError(name=name)

    def predictor(self, model: keras.Model) -> Callable[[pl.DataFrame], NDArray]:
        """Return the way from rows to predictions in the table's own unit."""

        def predict(rows: pl.DataFrame) -> NDArray:
            outputs = model.predict(self.encoder.matrix(rows), batch_size=1024, verbose=0)
            outputs = outputs.astype(np.float64)
            if self.split.is_classification:
                return outputs
            return outputs[:, 0] * self.scale + self.center

        return predict


def _batch_size(num_rows: int) -> int:
    """Return what wellfit takes for its own networks."""
    return 32 if num_rows <= 10_000 else 128 if num_rows <= 100_000 else 256


def _hidden(x: Any, units: int, shape: Shape, *, activation: str | None = "relu") -> Any:
    penalty = keras.regularizers.L1L2(shape.l1, shape.l2) if shape.l1 or shape.l2 else None
    x = keras.layers.Dense(units, kernel_regularizer=penalty)(x)
    if shape.batch_normalization:
        x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Activation(activation)(x) if activation else x
    return keras.layers.Dropout(shape.dropout)(x) if shape.dropout else x


def _plain(x: Any, shape: Shape) -> Any:
    """Return hidden layers, each half as wide as the one before: 64-32 by default."""
    for number in range(shape.depth):
        x = _hidden(x, max(8, shape.width // 2**number), shape)
    return x


def _residual(x: Any, shape: Shape) -> Any:
    x = _hidden(x, shape.width, shape, activation=None)
    for _ in range(shape.depth):
        y = keras.layers.LayerNormalization()(x)
        y = _hidden(y, shape.width, shape)
        x = keras.layers.Add()([x, _hidden(y, shape.width, shape, activation=None)])
    return x


def _stopping(patience: int, clock: Clock) -> list[keras.callbacks.Callback]:
    stop = keras.callbacks.EarlyStopping(_OBJECTIVE, patience=patience, mode="min", restore_best_weights=True)
    return [stop, Deadline(clock.began + clock.budget_s - _END_S)]


def mlp(split: Split, clock: Clock) -> Fitted:
    """Train a default network: 64-32, Adam 1e-3, stopped on 15 % of the rows, best weights back."""
    keras.utils.set_random_seed(0)
    material = Material(split, 0.15)
    model = material.network(Shape())
    history = model.fit(
        *material.train,
        validation_data=material.validation,
        epochs=500,
        batch_size=material.batch_size,
        callbacks=_stopping(20, clock),
        verbose=0,
    )
    note = f"{len(history.history['loss'])} epochs, {keras.backend.backend()}"
    return Fitted(predict=material.predictor(model), note=note)


def keras_tuner_random(split: Split, clock: Clock) -> Fitted:
    """Search at random."""
    return _searched(split, clock, "RandomSearch", max_trials=100_000)


def keras_tuner_bayesian(split: Split, clock: Clock) -> Fitted:
    """Search by a Gaussian process."""
    return _searched(split, clock, "BayesianOptimization", max_trials=100_000)


def keras_tuner_hyperband(split: Split, clock: Clock) -> Fitted:
    """Search by Hyperband, bracket after bracket."""
    return _searched(split, clock, "Hyperband", max_epochs=100, factor=3, hyperband_iterations=1000)


def _drawn(choices: Any, is_classification: bool) -> Shape:
    """Draw from the space that wellfit searches around its network; a strength is off or on a log scale."""

    def strength(name: str, low: float, high: float) -> float:
        if not choices.Boolean(f"use_{name}"):
            return 0.0
        return choices.Float(name, low, high, sampling="log")

    return Shape(
        width=choices.Choice("width", [16, 32, 64, 128]),
        depth=choices.Int("depth", 1, 3),
        is_residual=choices.Boolean("residual"),
        batch_normalization=choices.Boolean("batch_normalization"),
        dropout=choices.Float("dropout", 0.0, 0.6, step=0.1),
        l1=strength("l1", 1e-6, 1e-3),
        l2=strength("l2", 1e-6, 1e-2),
        learning_rate=choices.Float("learning_rate", 1e-4, 1e-2, sampling="log"),
        weight_decay=strength("weight_decay", 1e-3, 1.0),
        label_smoothing=choices.Float("label_smoothing", 0.0, 0.2, step=0.05) if is_classification else 0.0,
    )


def _searched(split: Split, clock: Clock, kind: str, **options: Any) -> Fitted:
    """Search until the time is up; the best weights of the best trial predict."""
    import keras_tuner  # noqa: PLC0415 - `mlp` does without it

    keras.utils.set_random_seed(0)
    material = Material(split, 0.2)

    class Search(getattr(keras_tuner, kind)):
        def on_trial_end(self, trial: Any) -> None:
            super().on_trial_end(trial)
            if clock.left_s < _END_S:
                self.oracle.max_trials = len(self.oracle.trials)

    with tempfile.TemporaryDirectory() as folder:
        search = Search(
            lambda choices: material.network(_drawn(choices, split.is_classification)),
            objective=keras_tuner.Objective(_OBJECTIVE, "min"),
            seed=0,
            directory=folder,
            max_consecutive_failed_trials=1000,
            **options,
        )
        # Where Hyperband says how many epochs, it overrides these.
        search.search(
            *material.train,
            validation_data=material.validation,
            epochs=100,
            batch_size=material.batch_size,
            callbacks=_stopping(10, clock),
            verbose=0,
        )
        model = search.get_best_models(1)[0]
    note = f"{len(search.oracle.trials)} trials, {keras.backend.backend()}"
    return Fitted(predict=material.predictor(model), note=note)
