"""What people use today for the same trainings: `keras.Model.fit`, and KerasTuner's random search."""

from __future__ import annotations

import itertools
import tempfile
import time

import keras
import numpy as np

from _tasks import BATCH_SIZE, TaskSize, made_table, network


def fit_times(size: TaskSize, repeats: int) -> tuple[float, float]:
    """Return seconds of the first fit of a new model, and of the best later fit of the same compiled model.

    The later fits go on training the same weights: their work does not depend on the values.
    """
    train, validation = _sides(size)
    began = time.perf_counter()
    model = network(size, l2=1e-4)
    _fit(model, size, train, validation)
    cold = time.perf_counter() - began
    warm = []
    for _ in range(repeats):
        began = time.perf_counter()
        _fit(model, size, train, validation)
        warm.append(time.perf_counter() - began)
    return cold, min(warm)


def _fit(model: keras.Model, size: TaskSize, train: tuple, validation: tuple) -> None:
    model.fit(*train, validation_data=validation, epochs=size.epochs, batch_size=BATCH_SIZE, verbose=0)


def _sides(size: TaskSize) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    inputs, target = made_table(size)
    cut = size.num_train
    return (inputs[:cut], target[:cut]), (inputs[cut:], target[cut:])


def tuner_trial_times(size: TaskSize, num_trials: int, seed: int) -> list[float]:
    """Return seconds of each trial of a KerasTuner random search over the same numbers, but for the first.

    A trial lasts from the end of the one before to its own, with all that the tuner does between.
    """
    import keras_tuner  # noqa: PLC0415 - a peer that only this benchmark needs

    ends: list[float] = []

    class Search(keras_tuner.RandomSearch):
        def on_trial_end(self, trial: object) -> None:
            super().on_trial_end(trial)
            ends.append(time.perf_counter())

    def build(choices: keras_tuner.HyperParameters) -> keras.Model:
        return network(
            size,
            learning_rate=choices.Float("learning_rate", 1e-4, 1e-2, sampling="log"),
            l2=choices.Float("l2", 1e-6, 1e-2, sampling="log"),
            dropout=choices.Float("dropout", 0.0, 0.6),
        )

    train, validation = _sides(size)
    with tempfile.TemporaryDirectory() as folder:
        search = Search(
            build,
            objective="val_loss",
            max_trials=num_trials + 1,
            seed=seed,
            directory=folder,
            project_name="random",
            overwrite=True,
        )
        search.search(
            *train, validation_data=validation, epochs=size.epochs, batch_size=BATCH_SIZE, verbose=0
        )
    return [end - start for start, end in itertools.pairwise(ends)]
