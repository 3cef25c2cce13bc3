"""Weights that come from files, layer by layer, without the network that they were saved from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from wellfit.models import load_model, transfer_weights
from wellfit.records import ModelLoadError, UnsupportedModelError

layers = keras.layers
NAMES = ("network.h5", "network.keras", "network.weights.h5")


def network(classes: int = 2) -> keras.Model:
    """Return a network with a nested model, a convolution, a recurrent layer and moments."""
    inner = keras.Sequential(
        [keras.Input((8, 3)), layers.Conv1D(4, 3, name="deep"), layers.BatchNormalization(name="norm")],
        name="body",
    )
    inputs = keras.Input((8, 3))
    x = layers.LSTM(3, name="memory")(inner(inputs))
    model = keras.Model(inputs, layers.Dense(classes, name="head")(x))
    model.get_layer("body").get_layer("norm").moving_mean.assign(np.arange(4.0))
    return model


def saved(model: keras.Model, path: Path) -> Path:
    """Write a network, or its weights alone."""
    if path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:
        model.save(path)
    return path


def as_keras_2_wrote_it(path: Path, model: keras.Model) -> Path:
    """Write weights alone as Keras 2 did: names of bytes that end in ``:0``, a nested model in one group."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = file.create_group(layer.name)
            parts = layer.layers if isinstance(layer, keras.Model) else [layer]
            names = []
            for part in parts:
                for variable in part.weights:
                    names.append(f"{part.name}/{variable.name}:0")
                    group[names[-1]] = np.asarray(variable.value)
            group.attrs["weight_names"] = [name.encode() for name in names]
    return path


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_file(name: str, tmp_path: Path) -> None:
    """All layers but the head of another size come over, bit for bit."""
    source, target = network(), network(5)
    found = transfer_weights(saved(source, tmp_path / name), target)
    assert set(found.copied) == {"deep", "norm", "memory"}
    assert found.mismatched == (("head", "(3, 2), (2,)", "(3, 5), (5,)"),)
    for old, new in zip(source.weights[:-2], target.weights[:-2], strict=True):
        assert np.array_equal(np.asarray(old.value), np.asarray(new.value))


def test_a_file_of_keras_2(tmp_path: Path) -> None:
    """Its names are told apart from what Keras 3 adds to them."""
    source, target = network(), network()
    found = transfer_weights(as_keras_2_wrote_it(tmp_path / "old.h5", source), target)
    assert set(found.copied) == {"deep", "norm", "memory", "head"}
    for old, new in zip(source.weights, target.weights, strict=True):
        assert np.array_equal(np.asarray(old.value), np.asarray(new.value))


def test_weights_go_by_their_names(tmp_path: Path) -> None:
    """Not by their order, where a file has another one."""
    source, target = network(), network()
    path = as_keras_2_wrote_it(tmp_path / "old.h5", source)
    with h5py.File(path, "a") as file:
        names = file["body"].attrs["weight_names"]
        file["body"].attrs["weight_names"] = list(names[::-1])
    transfer_weights(path, target)
    norms = [np.asarray(m.get_layer("body").get_layer("norm").moving_mean) for m in (source, target)]
    assert np.array_equal(*norms)


def test_parts_of_unknown_order_are_left_out(tmp_path: Path) -> None:
    """Keras 3's file of weights does not say which direction of a layer comes first."""
    parts = [
        keras.Input((8, 3)),
        layers.Bidirectional(layers.GRU(2), name="both"),
        layers.Dense(1, name="head"),
    ]
    source, target = keras.Sequential(parts), keras.Sequential([*parts[:1], *map(copied, parts[1:])])
    found = transfer_weights(saved(source, tmp_path / "network.weights.h5"), target)
    assert found.copied == ("head",)
    assert "unknown order" in found.mismatched[0][1]
    assert set(transfer_weights(saved(source, tmp_path / "network.h5"), target).copied) == {"both", "head"}
    assert all(np.array_equal(*pair) for pair in zip(source.get_weights(), target.get_weights(), strict=True))


def copied(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Return a layer of the same kind and name."""
    return type(layer).from_config(layer.get_config())


def test_what_is_not_there_is_listed(tmp_path: Path) -> None:
    """On both sides, by name; a file that fits nowhere is refused."""
    path = saved(network(), tmp_path / "network.h5")
    inputs = keras.Input((8, 3))
    deep = layers.Conv1D(4, 3, name="deep")(inputs)
    target = keras.Model(inputs, layers.Dense(1, name="new")(layers.Flatten()(deep)))
    found = transfer_weights(path, target)
    assert (found.copied, found.missing) == (("deep",), ("new",))
    assert set(found.unused) == {"norm", "memory", "head"}
    other = keras.Sequential([keras.Input((3,)), layers.Dense(1, name="other")])
    with pytest.raises(UnsupportedModelError, match="network"):
        transfer_weights(path, other)


def test_files_that_are_none(tmp_path: Path) -> None:
    """Missing, no HDF5 file, cut off, and without names."""
    target = network()
    with pytest.raises(ModelLoadError, match="no file"):
        transfer_weights(tmp_path / "absent.h5", target)
    path = tmp_path / "text.h5"
    path.write_bytes(b"not hdf5")
    with pytest.raises(ModelLoadError, match="damaged"):
        transfer_weights(path, target)
    whole = saved(target, tmp_path / "network.h5")
    path.write_bytes(whole.read_bytes()[:2000])
    with pytest.raises(ModelLoadError, match="damaged"):
        transfer_weights(path, target)
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.zeros(3)
    with pytest.raises(ModelLoadError, match="does not name"):
        transfer_weights(path, target)


def test_a_file_of_weights_is_no_network(tmp_path: Path) -> None:
    """The error says what to do with it."""
    path = saved(network(), tmp_path / "network.weights.h5")
    with pytest.raises(ModelLoadError, match="weights only") as caught:
        load_model(path)
    assert "transfer_weights" in caught.value.fix


OLD_SETTINGS: dict[str, dict[str, Any]] = {
    "named": {
        "loss": "mse",
        "optimizer_config": {"class_name": "SGD", "config": {"learning_rate": 0.5, "decay": 0.0}},
    },
    "late": {
        "loss": {
            "class_name": "MeanSquaredError",
            "config": {"reduction": "auto", "name": "mse", "fn": "old"},
        },
        "optimizer_config": {
            "class_name": "Custom>SGD",
            "config": {
                "learning_rate": 0.5,
                "weight_decay": None,
                "is_legacy_optimizer": False,
                "jit_compile": True,
            },
        },
    },
    "early": {"loss": "mean_squared_error", "optimizer_config": {"class_name": "SGD", "config": {"lr": 0.5}}},
}


@pytest.mark.parametrize("name", OLD_SETTINGS)
def test_compile_settings_of_keras_2(name: str, tmp_path: Path) -> None:
    """Loss and rate are read, without a warning (which would be an error here)."""
    model = network()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    path = saved(model, tmp_path / "network.h5")
    with h5py.File(path, "a") as file:
        file.attrs["training_config"] = json.dumps({"metrics": ["accuracy"], **OLD_SETTINGS[name]})
    loaded: Any = load_model(path)
    assert float(loaded.optimizer.learning_rate) == 0.5
    rows, target = np.ones((2, 8, 3), np.float32), np.zeros((2, 2), np.float32)
    expected = float(np.square(np.asarray(loaded(rows))).mean())
    found = loaded.evaluate(rows, target, verbose=0)
    assert np.ravel(found)[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": {"a": "mse", "b": "mae"}},
        {"optimizer_config": {"class_name": "Own", "config": {}}},
        {"loss": "own"},
    ],
)
def test_compile_settings_that_nobody_knows(changes: dict[str, Any], tmp_path: Path) -> None:
    """They are refused, not left out."""
    model = network()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    path = saved(model, tmp_path / "network.h5")
    with h5py.File(path, "a") as file:
        file.attrs["training_config"] = json.dumps({"metrics": [], **OLD_SETTINGS["named"], **changes})
    with pytest.raises(ModelLoadError):
        load_model(path)
