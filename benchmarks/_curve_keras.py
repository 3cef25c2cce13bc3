"""How close the corpus' training losses come to what Keras logs, on a few real fits."""

from __future__ import annotations

import keras
import numpy as np
from sklearn.datasets import make_classification

from _curve_cases import running_mean
from wellfit.models import data_loss, dense_stack
from wellfit.models._seized_rows import Rows
from wellfit.records import Task

RATES = (0.0, 0.3, 0.5)
EPOCHS = 25


class _Measure(keras.callbacks.Callback):
    """Notes the data loss on all training rows after each epoch, in inference mode."""

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self.rows, self.losses = rows, []

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(data_loss(self.model, self.rows))


def running_mean_error() -> float:
    """Return the median relative difference between logged and approximated training loss."""
    return float(np.median(np.concatenate([abs(made / real - 1.0) for real, made in compared()])))


def compared() -> list[tuple[np.ndarray, np.ndarray]]:
    """Return logged and approximated training losses of fits with several dropout rates."""
    inputs, target = make_classification(300, 20, n_informative=8, flip_y=0.1, random_state=5)
    inputs, target = inputs.astype(np.float32), target.astype(np.float32)[:, None]
    chance = float(-(target.mean() * np.log(target.mean()) + (1 - target.mean()) * np.log(1 - target.mean())))
    found = []
    for rate in RATES:
        for learning_rate in (3e-4, 3e-3):
            keras.utils.set_random_seed(0)
            model = dense_stack(20, Task.BINARY, units=(64, 32), dropout=rate)
            model.compile(keras.optimizers.Adam(learning_rate), model.loss)
            measure = _Measure(Rows(x=inputs, y=target))
            real = model.fit(inputs, target, epochs=EPOCHS, verbose=0, callbacks=[measure]).history["loss"]
            found.append((np.array(real), running_mean(np.array(measure.losses), chance, rate)))
    return found
