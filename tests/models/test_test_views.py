"""A network that is shown views of its pictures: the mean of what it says of each, in plain Keras."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.models import (
    VIEWS,
    View,
    can_view,
    predict_plain,
    save_plain,
    seen_in,
    with_test_views,
    without_test_views,
)
from wellfit.records import SettingsError, Task, UnsupportedModelError

layers = keras.layers
KINDS = [kind for kind in VIEWS if kind != "none"]
PICTURES = np.random.default_rng(0).normal(size=(5, 6, 8, 3)).astype(np.float32)
_LOADED_ALONE = """
import sys, keras, numpy as np
model = keras.models.load_model(sys.argv[1])
np.save(sys.argv[3], keras.ops.convert_to_numpy(model(np.load(sys.argv[2]))))
assert "wellfit" not in sys.modules
"""


def _network(outputs: int = 3, activation: str = "linear") -> keras.Model:
    keras.utils.set_random_seed(0)
    body = [layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.Flatten()]
    model = keras.Sequential([keras.Input((6, 8, 3)), *body, layers.Dense(outputs, activation=activation)])
    model.compile(keras.optimizers.Adam(3e-3), "mse")
    return model


def _chances(logits: np.ndarray) -> np.ndarray:
    if logits.shape[1] == 1:
        return 1 / (1 + np.exp(-logits))
    power = np.exp(logits)
    return power / power.sum(axis=1, keepdims=True)


def test_views_are_what_they_are_called() -> None:
    """Mirrored, and moved by a sixteenth of the sides with the edge repeated; the picture itself is first."""
    wide = np.arange(32.0)[None, None, :, None] + 100 * np.arange(32.0)[None, :, None, None]
    assert np.array_equal(seen_in(wide, View(is_flipped=True)), wide[:, :, ::-1])
    moved = seen_in(wide, View(down=1, right=-1))[0, :, :, 0]
    assert np.array_equal(moved[2:, :-2], wide[0, :-2, 2:, 0])
    assert np.array_equal(moved[0], moved[2])
    assert np.array_equal(moved[:, -1], moved[:, -3])
    assert {kind: len(views) for kind, views in VIEWS.items()} == {
        "none": 1,
        "flip": 2,
        "shift": 5,
        "flip-shift": 10,
    }
    assert all(np.array_equal(seen_in(wide, views[0]), wide) for views in VIEWS.values())
    assert all(len(set(views)) == len(views) for views in VIEWS.values())


def test_bytes_stay_bytes() -> None:
    """A view of small whole numbers takes no more memory than they do."""
    pictures = np.arange(24, dtype=np.uint8).reshape(1, 4, 6, 1)
    assert seen_in(pictures, View(is_flipped=True, down=1)).dtype == np.uint8


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("outputs", "task"), [(1, Task.REGRESSION), (3, Task.MULTICLASS)])
def test_puts_out_the_mean_over_views(kind: Any, outputs: int, task: Task) -> None:
    """Of values, and of probabilities."""
    model = _network(outputs, "softmax" if task is Task.MULTICLASS else "linear")
    wanted = np.mean([predict_plain(model, [seen_in(PICTURES, view)]) for view in VIEWS[kind]], axis=0)
    found = predict_plain(with_test_views(model, kind, task), [PICTURES])
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert not np.allclose(found, predict_plain(model, [PICTURES]), atol=1e-3)


@pytest.mark.parametrize(("outputs", "task"), [(1, Task.BINARY), (3, Task.MULTICLASS)])
def test_logits_are_averaged_as_probabilities(outputs: int, task: Task) -> None:
    """The sigmoid or softmax of what is put out is the mean of the probabilities."""
    model = _network(outputs)
    chances = [_chances(predict_plain(model, [seen_in(PICTURES, view)])) for view in VIEWS["flip"]]
    found = predict_plain(with_test_views(model, "flip", task, from_logits=True), [PICTURES])
    np.testing.assert_allclose(_chances(found), np.mean(chances, axis=0), atol=1e-5)
    logits = np.mean([predict_plain(model, [seen_in(PICTURES, view)]) for view in VIEWS["flip"]], axis=0)
    assert not np.allclose(found, logits, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_it_needs_nothing_but_keras(kind: Any, tmp_path: Path) -> None:
    """Loaded in a process that never imports wellfit, it says the same."""
    model = with_test_views(_network(3, "softmax"), kind, Task.MULTICLASS)
    save_plain(model, tmp_path / "model.keras")
    np.save(tmp_path / "pictures.npy", PICTURES)
    names = [str(tmp_path / name) for name in ("model.keras", "pictures.npy", "said.npy")]
    subprocess.run([sys.executable, "-c", _LOADED_ALONE, *names], check=True, timeout=300)
    np.testing.assert_allclose(np.load(names[2]), predict_plain(model, [PICTURES]), atol=1e-6)


def test_it_stays_compiled_and_holds_the_network() -> None:
    """Loss and optimizer stay, all views share the weights, and the network can be taken out."""
    model = _network()
    whole = with_test_views(model, "flip-shift", Task.REGRESSION)
    assert whole.loss == "mse"
    assert float(whole.optimizer.learning_rate) == pytest.approx(3e-3)
    assert whole.count_params() == model.count_params()
    np.testing.assert_array_equal(
        predict_plain(without_test_views(whole), [PICTURES]), predict_plain(model, [PICTURES])
    )
    assert without_test_views(model) is model
    assert with_test_views(model, "none", Task.REGRESSION) is model


def test_other_inputs_are_the_same_in_all_views() -> None:
    """Numbers beside a picture are no picture."""
    keras.utils.set_random_seed(0)
    picture, numbers = keras.Input((6, 8, 3), name="picture"), keras.Input((2,), name="numbers")
    joined = layers.Concatenate()([layers.Flatten()(picture), numbers])
    model = keras.Model({"picture": picture, "numbers": numbers}, layers.Dense(1)(joined))
    order = [one.name for one in model.inputs]
    beside = np.ones((5, 2), np.float32)
    given = {"picture": PICTURES, "numbers": beside}
    turned = {"picture": PICTURES[:, :, ::-1], "numbers": beside}
    wanted = np.mean([predict_plain(model, [one[name] for name in order]) for one in (given, turned)], axis=0)
    whole = with_test_views(model, "flip", Task.REGRESSION)
    np.testing.assert_allclose(predict_plain(whole, [given[name] for name in order]), wanted, atol=1e-6)


@pytest.mark.parametrize("shape", [(6,), (None, None, 3), (6, 8, 4)])
def test_what_has_no_pictures_of_one_size_is_refused(shape: tuple[int | None, ...]) -> None:
    """Rows of a table, pictures of any size, and maps of more channels than a picture has."""
    inputs = keras.Input(shape)
    model = keras.Model(inputs, layers.Dense(2)(inputs))
    assert not can_view(model)
    with pytest.raises(UnsupportedModelError, match="pictures of one size"):
        with_test_views(model, "flip", Task.MULTICLASS)


def test_unknown_views_are_refused() -> None:
    """With the names that there are."""
    assert can_view(_network())
    with pytest.raises(SettingsError, match="flip-shift"):
        with_test_views(_network(), "crop", Task.MULTICLASS)  # type: ignore[arg-type]
