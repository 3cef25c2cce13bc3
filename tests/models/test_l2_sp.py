"""L2-SP for plain Keras: what holds a network to the weights that it came with."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.models import load_model, penalties, regularize, save_plain
from wellfit.records import ModelLoadError, SettingsError, UnsupportedModelError

layers = keras.layers
STRENGTH = 0.3


def network() -> keras.Model:
    """Return a compiled 4-3-2 network with a normalization."""
    keras.utils.set_random_seed(0)
    parts = [keras.Input((4,)), layers.Dense(3, "tanh", name="body"), layers.BatchNormalization(name="norm")]
    model = keras.Sequential([*parts, layers.Dense(2, name="head")])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def rows() -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and targets."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(16, 4)).astype(np.float32), rng.normal(size=(16, 2)).astype(np.float32)


def held(model: keras.Model) -> dict[str, float]:
    """Return the strength of L2-SP by layer."""
    return {one.path.split("/")[-2]: one.l2_sp for one in penalties(model) if one.l2_sp}


def distance(model: keras.Model, start: keras.Model) -> float:
    """Return the squared distance of two networks' hidden kernels."""
    values = (np.asarray(m.get_layer("body").kernel, np.float64) for m in (model, start))
    return float(np.square(next(values) - next(values)).sum())


def test_the_body_is_held_and_the_head_is_not() -> None:
    """Nothing is lost at the start; biases, normalization and head are free."""
    changed = regularize(network(), l2_sp=STRENGTH, verbose=False)
    assert held(changed) == {"body": STRENGTH}
    assert float(changed.losses[0]) == 0.0


def test_no_head_of_several_is_held() -> None:
    """All of them are new."""
    inputs = keras.Input((4,))
    body = layers.Dense(3, name="body")(inputs)
    model = keras.Model(inputs, [layers.Dense(1, name="first")(body), layers.Dense(2, name="second")(body)])
    assert held(regularize(model, l2_sp=STRENGTH, verbose=False)) == {"body": STRENGTH}


def test_it_is_the_penalty_that_it_says(tmp_path: Path) -> None:
    """After training it is the strength times the squared distance, and so it is when loaded."""
    model = network()
    changed = regularize(model, l2_sp=STRENGTH, l1=0.01, l2=0.02, layers="body", verbose=False)
    changed.fit(*rows(), epochs=3, verbose=0)
    kernel = np.asarray(changed.get_layer("body").kernel, np.float64)
    expected = (
        STRENGTH * distance(changed, model) + 0.01 * np.abs(kernel).sum() + 0.02 * np.square(kernel).sum()
    )
    assert distance(changed, model) > 1e-4
    assert float(changed.losses[0]) == pytest.approx(expected, rel=1e-5)
    changed.save(tmp_path / "held.keras")
    for loaded in (keras.saving.load_model(tmp_path / "held.keras"), load_model(tmp_path / "held.keras")):
        assert float(loaded.losses[0]) == pytest.approx(expected, rel=1e-5)


def test_training_stays_nearer() -> None:
    """The stronger it pulls, the shorter is the way; with SGD it is the step of the penalty's gradient."""
    model = network()
    ways = []
    for strength in (0.01, 1.0):
        changed = regularize(model, l2_sp=strength, verbose=False)
        changed.fit(*rows(), epochs=20, verbose=0)
        ways.append(distance(changed, model))
    assert ways[1] < 0.5 * ways[0]


def test_the_anchor_stays_where_it_was_until_it_is_asked_for_again() -> None:
    """Another change keeps it, also after training; asking anew takes the weights as they are now."""
    changed = regularize(network(), l2_sp=STRENGTH, verbose=False)
    changed.fit(*rows(), epochs=2, verbose=0)
    value = float(changed.losses[0])
    kept = regularize(changed, l2=0.0, verbose=False)
    assert float(kept.losses[0]) == pytest.approx(value, rel=1e-6)
    assert float(regularize(changed, l2_sp=STRENGTH, verbose=False).losses[0]) == 0.0


def test_the_head_is_held_where_it_is_named() -> None:
    """As is every layer that `layers` names."""
    changed = regularize(network(), l2_sp=STRENGTH, layers=["body", "head"], verbose=False)
    assert held(changed) == {"body": STRENGTH, "head": STRENGTH}


def test_zero_takes_it_off_and_the_file_is_plain_again(tmp_path: Path) -> None:
    """A file that needs this package is refused by `save_plain`; without L2-SP it is written."""
    changed = regularize(network(), l2_sp=STRENGTH, l2=0.1, verbose=False)
    with pytest.raises(UnsupportedModelError, match="custom code"):
        save_plain(changed, tmp_path / "network.keras")
    free = regularize(changed, l2_sp=0, verbose=False)
    assert [(one.kind, one.l2) for one in penalties(free)] == [("L2", 0.1)] * 2
    save_plain(free, tmp_path / "network.keras")


def test_it_is_loaded_where_the_models_are_imported(tmp_path: Path) -> None:
    """In a process of its own."""
    path = tmp_path / "held.keras"
    regularize(network(), l2_sp=STRENGTH, verbose=False).save(path)
    loaded = f"keras.saving.load_model({str(path)!r})"
    code = f"import keras, wellfit.models; print({loaded}.layers[0].kernel.regularizer)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "L2SP" in found.stdout


def test_a_file_that_only_claims_to_hold_it_is_refused(tmp_path: Path) -> None:
    """The registered name alone lets nothing in."""
    path = tmp_path / "held.keras"
    regularize(network(), l2_sp=STRENGTH, verbose=False).save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    config["config"]["layers"][1]["config"]["kernel_regularizer"]["module"] = "os"
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(ModelLoadError, match="brings code of its own"):
        load_model(path)


def test_one_regularizer_for_two_kernels_is_refused() -> None:
    """Attention has one for all of its kernels, and could not hold each to its own values."""
    inputs = keras.Input((6, 4))
    attended = layers.MultiHeadAttention(2, 3, name="attention")(inputs, inputs)
    model = keras.Model(inputs, layers.Dense(1)(layers.Dense(2, name="after")(layers.Flatten()(attended))))
    with pytest.raises(UnsupportedModelError, match="share one regularizer"):
        regularize(model, l2_sp=STRENGTH, verbose=False)
    assert held(regularize(model, l2_sp=STRENGTH, exclude="attention", verbose=False)) == {"after": STRENGTH}


def test_a_network_without_a_body_is_refused() -> None:
    """There would be nothing to hold."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    with pytest.raises(SettingsError, match="hold nothing"):
        regularize(model, l2_sp=STRENGTH, verbose=False)


RECURRENT: dict[str, Any] = {
    "lstm": lambda: layers.LSTM(3, name="body"),
    "separable": lambda: layers.SeparableConv1D(3, 2, name="body"),
}


@pytest.mark.parametrize("name", RECURRENT)
def test_layers_with_several_kernels(name: str) -> None:
    """Each kernel has a regularizer and an anchor of its own."""
    parts = [keras.Input((6, 4)), RECURRENT[name](), layers.Flatten(), layers.Dense(1, name="head")]
    changed = regularize(keras.Sequential(parts), l2_sp=STRENGTH, verbose=False)
    found = [one for one in penalties(changed) if one.l2_sp]
    assert len({one.path for one in found}) == 2
    assert all(one.value == 0 for one in found)
