"""Networks and recipes whose code is written in tests, and scripts that are run."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

from wellfit.api._code import Recipe, saved_rows, training_code
from wellfit.models import chosen_model, training_setup
from wellfit.records import Dataset, Settings, Structure, Task

layers = keras.layers
BASELINE = Settings(learning_rate=0.01, batch_size=16, epochs=8)


def mlp(outputs: int = 1, activation: str = "sigmoid") -> keras.Model:
    """Return a network of 6 inputs and two hidden layers."""
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu", name="first"),
            layers.Dropout(0.1, name="drop"),
            layers.Dense(4, activation="relu", name="second"),
            layers.Dense(outputs, activation=activation, name="head"),
        ],
        name="small",
    )


def cnn() -> keras.Model:
    """Return a small network for pictures of 8 by 8 in three classes."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Rescaling(1 / 255, name="unit"),
            layers.Conv2D(4, 3, padding="same", use_bias=False, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="relu"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Flatten(name="flat"),
            layers.Dense(3, activation="softmax", name="head"),
        ],
        name="pictures",
    )


def residual() -> keras.Model:
    """Return a functional network with two residual blocks, for regression."""
    inputs = keras.Input((6,), name="features")
    x = layers.Dense(8, name="stem")(inputs)
    for number in (1, 2):
        y = layers.LayerNormalization(name=f"norm{number}")(x)
        y = layers.Dense(8, activation="gelu", name=f"inner{number}")(y)
        x = layers.Add(name=f"add{number}")([x, y])
    return keras.Model(inputs, layers.Dense(1, name="head")(x), name="residual")


def rows(task: Task, *, pictures: bool = False, num_rows: int = 90) -> Dataset:
    """Return made-up rows with a signal."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(num_rows, 6)).astype(np.float32)
    score = x[:, 0] - x[:, 1]
    if pictures:
        classes = rng.integers(0, 3, num_rows).astype(np.int32)
        shown = rng.uniform(0, 80, (num_rows, 8, 8, 1)) + 60 * classes[:, None, None, None]
        return _classes(shown.astype(np.float32), classes, ("a", "b", "c"))
    if task is Task.REGRESSION:
        return Dataset(inputs=(x,), target=(5 + 3 * score[:, None]).astype(np.float32), task=task)
    if task is Task.MULTICLASS:
        return _classes(x, np.digitize(score, [-0.5, 0.5]).astype(np.int32), ("a", "b", "c"))
    return _classes(x, (score > 0).astype(np.int32), ("no", "yes"))


def _classes(x: np.ndarray, target: np.ndarray, names: tuple[str, ...]) -> Dataset:
    task = Task.BINARY if len(names) == 2 else Task.MULTICLASS
    return Dataset(inputs=(x,), target=target, task=task, class_names=names)


def recipe(
    model: keras.Model,
    task: Task,
    changes: dict[str, Any],
    *,
    pictures: bool = False,
    loss: str = "",
    **fields: Any,
) -> Recipe:
    """Return the recipe of a network with changed settings."""
    losses = {"binary": "binary_crossentropy", "regression": "mse"}
    chosen_loss: Any = loss or losses.get(task.value, "sparse_categorical_crossentropy")
    if not model.compiled:
        model.compile(keras.optimizers.Adam(0.01), chosen_loss)
    setup = training_setup(model, task)
    settings = dataclasses.replace(BASELINE, **changes)
    weights = [np.asarray(keras.ops.convert_to_numpy(weight)) for weight in model.weights]
    built = chosen_model(model, Structure(), weights, settings, setup)
    dataset = rows(task, pictures=pictures)
    return Recipe(
        **{
            "given": model,
            "model": built,
            "settings": settings,
            "baseline": BASELINE,
            "setup": setup,
            "dataset": dataset,
            "train": np.arange(60),
            "holdout": np.arange(60, dataset.num_rows),
            "scalings": (None,),
            **fields,
        }
    )


def run(one: Recipe, folder: Path) -> tuple[str, keras.Model]:
    """Run the script of a recipe by itself; return what it prints, and the network that it saves."""
    (folder / "train.py").write_text(training_code(one), "utf-8")
    np.savez(folder / "train.npz", **saved_rows(one))  # type: ignore[arg-type]
    done = subprocess.run(
        [sys.executable, "train.py"],
        cwd=folder,
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, keras.saving.load_model(folder / "trained.keras")


def space_of(code: str) -> dict[str, Any]:
    """Return the names that a script defines, without running its main part."""
    space: dict[str, Any] = {"__name__": "script", "__file__": "train.py"}
    exec(compile(code, "train.py", "exec"), space)
    return space
