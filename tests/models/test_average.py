"""Several networks as one plain Keras network."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from wellfit.models import (
    averaged,
    find_layout,
    narrow,
    predict_plain,
    residual_mlp,
    save_plain,
    tabular_mlp,
)
from wellfit.records import SettingsError, Task, UnsupportedModelError


def _networks(task: Task, outputs: int, count: int = 3) -> list[keras.Model]:
    keras.utils.set_random_seed(3)
    return [residual_mlp(4, task, outputs, width=8) for _ in range(count)]


@pytest.mark.parametrize(("task", "outputs"), [(Task.BINARY, 1), (Task.MULTICLASS, 3), (Task.REGRESSION, 2)])
def test_is_the_weighted_mean_and_survives_saving(task: Task, outputs: int, tmp_path: Path) -> None:
    """The mean of what the members predict, before and after a file, with plain Keras alone."""
    rows = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    models = _networks(task, outputs)
    both = averaged(models, [2.0, 1.0, 1.0], task)
    expected = np.average([predict_plain(m, [rows]) for m in models], axis=0, weights=[2, 1, 1])
    np.testing.assert_allclose(predict_plain(both, [rows]), expected, atol=1e-6)
    save_plain(both, tmp_path / "both.keras")
    loaded = keras.models.load_model(tmp_path / "both.keras")
    np.testing.assert_allclose(predict_plain(loaded, [rows]), expected, atol=1e-6)


@pytest.mark.parametrize("outputs", [1, 3])
def test_logits_are_averaged_as_probabilities(outputs: int) -> None:
    """The sigmoid or softmax of what is put out is the mean of the members' probabilities."""
    keras.utils.set_random_seed(1)
    models = [keras.Sequential([keras.Input((4,)), keras.layers.Dense(outputs)]) for _ in range(2)]
    rows = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    task = Task.BINARY if outputs == 1 else Task.MULTICLASS

    def chances(logits: np.ndarray) -> np.ndarray:
        if outputs == 1:
            return 1 / (1 + np.exp(-logits))
        power = np.exp(logits)
        return power / power.sum(axis=1, keepdims=True)

    both = averaged(models, [1.0, 1.0], task, from_logits=True)
    expected = np.mean([chances(predict_plain(m, [rows])) for m in models], axis=0)
    np.testing.assert_allclose(chances(predict_plain(both, [rows])), expected, atol=1e-5)


def test_members_of_several_inputs() -> None:
    """Float columns and category codes reach every member."""
    keras.utils.set_random_seed(2)
    models = [residual_mlp(3, Task.BINARY, width=8, categories=(5, 4)) for _ in range(2)]
    rows = np.random.default_rng(0)
    inputs = [
        rows.normal(size=(6, 3)).astype(np.float32),
        rows.integers(0, 4, (6, 1)),
        rows.integers(0, 4, (6, 1)),
    ]
    expected = np.mean([predict_plain(m, inputs) for m in models], axis=0)
    np.testing.assert_allclose(
        predict_plain(averaged(models, [1, 1], Task.BINARY), inputs), expected, atol=1e-6
    )


def test_networks_that_were_rebuilt_share_nothing(tmp_path: Path) -> None:
    """Narrowed copies of one network with operations in it are saved together and loaded again."""
    keras.utils.set_random_seed(4)
    model = tabular_mlp(3, Task.BINARY, width=8)
    layout = find_layout(model)
    small = [narrow(model, layout, model.get_weights(), width=0.25) for _ in range(4)]
    both = averaged(small, [1.0] * 4, Task.BINARY)
    save_plain(both, tmp_path / "both.keras")
    loaded = keras.models.load_model(tmp_path / "both.keras")
    rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_allclose(predict_plain(loaded, [rows]), predict_plain(both, [rows]), atol=1e-6)


class _Subclassed(keras.Model):
    def call(self, inputs: object) -> object:
        return inputs


def test_refuses_what_cannot_be_averaged() -> None:
    """No networks, weights that do not fit, and networks without a graph."""
    models = _networks(Task.BINARY, 1, count=2)
    for weights in ([], [1.0], [-1.0, 2.0], [0.0, 0.0]):
        with pytest.raises(SettingsError, match="weights"):
            averaged(models, weights, Task.BINARY)
    with pytest.raises(SettingsError, match="0 networks"):
        averaged([], [], Task.BINARY)
    with pytest.raises(UnsupportedModelError, match="graph"):
        averaged([_Subclassed()], [1.0], Task.BINARY)
