"""Learning rates over time, label smoothing and early stopping equal Keras' own."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from population_samples import (
    assert_weights_equal,
    dataset,
    fitted,
    members,
    network,
    one_hot,
    population,
    split,
)

from wellfit.records import RESULTS, SCHEDULES, Task

schedules = keras.optimizers.schedules
UPDATES = 6 * 4  # 43 rows in batches of 8, four epochs


def compiled(rate: object = 0.2) -> keras.Model:
    """Return the small network under SGD at a rate or schedule."""
    model = network()
    model.compile(keras.optimizers.SGD(rate), "binary_crossentropy")
    return model


def test_decays_equal_keras_schedules() -> None:
    """Exponential and cosine decay reach their final share at the last update, as in Keras."""
    model, data = compiled(), dataset()
    initial = model.get_weights()
    kinds = [SCHEDULES.index("exponential"), SCHEDULES.index("cosine")]
    curves = population(model, data).train(
        members(2, learning_rate=0.2, schedule=kinds, decay=[0.1, 0.05]), weights=initial, shuffle=False
    )
    own = [schedules.ExponentialDecay(0.2, UPDATES, 0.1), schedules.CosineDecay(0.2, UPDATES, alpha=0.05)]
    for member, schedule in enumerate(own):
        model = compiled(schedule)
        model.set_weights(initial)
        assert_weights_equal(curves, fitted(model, data), member)


def test_own_schedule_is_kept_and_scaled() -> None:
    """A network's own schedule goes on, times the member's rate over the schedule's own."""
    warm = {"decay_steps": UPDATES, "warmup_steps": 4}
    model, data = compiled(schedules.CosineDecay(0.0, warmup_target=0.2, **warm)), dataset()
    initial = model.get_weights()
    chosen = members(2, learning_rate=[0.2, 0.4])
    curves = population(model, data).train(chosen, weights=initial, shuffle=False)
    for member, target in enumerate((0.2, 0.4)):
        model = compiled(schedules.CosineDecay(0.0, warmup_target=target, **warm))
        model.set_weights(initial)
        assert_weights_equal(curves, fitted(model, data), member)


class Rising(schedules.LearningRateSchedule):
    """A rate that rises to 0.2 in eight equal steps."""

    def __call__(self, step: object) -> object:
        """Return the rate at an update."""
        return 0.2 * keras.ops.minimum((keras.ops.cast(step, "float32") + 1.0) / 8, 1.0)


def test_warmup_equals_a_keras_schedule() -> None:
    """The rate rises in equal steps, and the last update of the warm-up has all of it."""
    model, data = compiled(), dataset()
    initial = model.get_weights()
    chosen = members(learning_rate=0.2, warmup=8 / UPDATES)
    curves = population(model, data).train(chosen, weights=initial, shuffle=False)
    model = compiled(Rising())
    model.set_weights(initial)
    assert_weights_equal(curves, fitted(model, data))


def test_clipping_equals_keras() -> None:
    """Gradients are scaled down together; a member that never needs it trains as one without."""
    model, data = compiled(), dataset()
    initial = model.get_weights()
    chosen = members(3, learning_rate=0.2, clip_norm=[0.05, 0.0, 1e6], seed=0)
    curves = population(model, data).train(chosen, weights=initial, shuffle=False)
    for member, norm in enumerate((0.05, None)):
        model = network()
        model.compile(keras.optimizers.SGD(0.2, global_clipnorm=norm), "binary_crossentropy")
        model.set_weights(initial)
        assert_weights_equal(curves, fitted(model, data), member)
    np.testing.assert_array_equal(curves.train_loss[1], curves.train_loss[2])


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_label_smoothing(task: Task) -> None:
    """Smoothed labels give Keras' weights; the measured loss stays that of the labels themselves."""
    data = dataset(task)
    binary = task is Task.BINARY
    model = network(outputs=1 if binary else 3, activation="sigmoid" if binary else "softmax")
    initial = model.get_weights()
    model.compile(keras.optimizers.SGD(0.2), "binary_crossentropy" if binary else "categorical_crossentropy")
    curves = population(model, data).train(
        members(learning_rate=0.2, label_smoothing=0.3), weights=initial, shuffle=False
    )
    kind = keras.losses.BinaryCrossentropy if binary else keras.losses.CategoricalCrossentropy
    model.compile(keras.optimizers.SGD(0.2), kind(label_smoothing=0.3))
    target = data.target if binary else one_hot(data)
    assert_weights_equal(curves, fitted(model, data, target=target))
    rows = split(data).validation
    hard = kind()(target[rows].reshape(len(rows), -1), model(data.inputs[0][rows]))
    np.testing.assert_allclose(curves.validation_loss[0, -1], float(hard), rtol=1e-4)


@pytest.fixture(scope="module")
def stopping() -> tuple[keras.Model, list[np.ndarray], keras.callbacks.Callback]:
    """Return the small network, at a rate that soon overfits, and its initial weights."""
    model = compiled(1.5)
    rng = np.random.default_rng(5)
    initial = [rng.normal(size=w.shape).astype(np.float32) for w in model.get_weights()]
    return model, initial


@pytest.mark.parametrize(("patience", "start"), [(1, 0), (3, 0), (3, 6), (2, 40)])
def test_early_stopping_equals_keras(stopping: tuple, patience: int, start: int) -> None:
    """It stops at the same epoch and gives the same weights as EarlyStopping(restore_best_weights=True)."""
    model, initial = stopping
    data = dataset()
    model.compile(keras.optimizers.SGD(1.5), "binary_crossentropy")
    model.set_weights(initial)
    callback = keras.callbacks.EarlyStopping(
        patience=patience, restore_best_weights=True, start_from_epoch=start
    )
    rows = split(data).validation
    expected = fitted(
        model,
        data,
        epochs=30,
        callbacks=[callback],
        validation_data=(data.inputs[0][rows], data.target[rows]),
    )
    chosen = members(learning_rate=1.5, epochs=30, patience=patience, start_epoch=start, restore_best=True)
    curves = population(compiled(), data).train(chosen, weights=initial, shuffle=False)
    trained = model.history.epoch[-1] + 1
    assert curves.num_epochs.tolist() == [trained]
    assert curves.results[0] == (RESULTS.early_stopped if trained < 30 else RESULTS.finished)
    if start < 30:
        assert trained < 30
        assert curves.best_epoch.tolist() == [callback.best_epoch]
    assert_weights_equal(curves, expected, rtol=1e-3, atol=1e-4)


def test_never_keeps_nan() -> None:
    """A first epoch that is not finite is no best epoch, whatever Keras' EarlyStopping says."""
    data = dataset()
    chosen = members(learning_rate=np.nan, patience=2, restore_best=True)
    curves = population(compiled(), data).train(chosen)
    assert curves.results.tolist() == [RESULTS.nonfinite]
    assert curves.best_epoch.tolist() == [-1]
    assert all(np.isfinite(value).all() for value in curves.weights)


def test_plateau_equals_keras() -> None:
    """The rate falls as with ReduceLROnPlateau(min_delta=0)."""
    model, data = compiled(), dataset()
    rng = np.random.default_rng(5)
    initial = [rng.normal(size=w.shape).astype(np.float32) for w in model.get_weights()]
    plateau = SCHEDULES.index("plateau")
    chosen = members(learning_rate=1.5, epochs=24, schedule=plateau, decay=0.3, plateau_patience=2)
    curves = population(model, data).train(chosen, weights=initial, shuffle=False)
    model = compiled(1.5)
    model.set_weights(initial)
    callback = keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=2, min_delta=0.0)
    rows = split(data).validation
    expected = fitted(
        model,
        data,
        epochs=24,
        callbacks=[callback],
        validation_data=(data.inputs[0][rows], data.target[rows]),
    )
    assert float(model.optimizer.learning_rate) < 1.4
    assert_weights_equal(curves, expected, rtol=1e-3, atol=1e-4)
