"""What members can differ in is handed back as plain Keras where Keras has a word for it."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from wellfit.models import chosen_model, predict_plain, training_setup
from wellfit.records import Settings, Structure, Task

layers = keras.layers


def test_chosen_network_holds_regularizers_and_loads_without_custom_objects(tmp_path: Path) -> None:
    """Penalties, bounds, noise and means are in the network, its predictions stay, and it loads."""
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(6, activation="tanh"), layers.Dense(5), layers.Dense(1)]
    )
    model.compile("adam", "mse")
    inputs = [np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)]
    settings = Settings(
        orthogonality=0.1,
        max_norm=2.0,
        activity_l2=0.01,
        dropout=0.2,
        dropout_kind="gaussian",
        dropout_where="first",
        input_noise=0.1,
        input_dropout=0.2,
        averaging="ema",
        mixup=0.2,
    )
    setup = training_setup(model, Task.REGRESSION)
    built = chosen_model(model, Structure(), model.get_weights(), settings, setup)
    np.testing.assert_allclose(predict_plain(built, inputs), predict_plain(model, inputs), rtol=1e-6)
    built.save(tmp_path / "chosen.keras")
    loaded = keras.models.load_model(tmp_path / "chosen.keras")
    kinds = [type(layer).__name__ for layer in loaded.layers]
    assert kinds.count("GaussianDropout") == kinds.count("GaussianNoise") == kinds.count("Dropout") == 1
    assert kinds.count("ActivityRegularization") == 2
    hidden = [layer for layer in loaded.layers if isinstance(layer, layers.Dense)]
    assert [type(layer.kernel_constraint).__name__ for layer in hidden] == ["MaxNorm", "MaxNorm", "NoneType"]
    assert hidden[0].kernel_regularizer.mode == "columns"
    assert loaded.optimizer.use_ema
    np.testing.assert_allclose(predict_plain(loaded, inputs), predict_plain(model, inputs), rtol=1e-6)


def test_penalties_of_one_place() -> None:
    """L2 on the first layer alone is on the first kernel alone."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(6, activation="tanh"), layers.Dense(1)])
    model.compile("adam", "mse")
    settings = Settings(l2=0.1, penalty_where="first")
    setup = training_setup(model, Task.REGRESSION)
    built = chosen_model(model, Structure(), model.get_weights(), settings, setup)
    assert [v.regularizer is not None for v in built.trainable_variables] == [True, False, False, False]
