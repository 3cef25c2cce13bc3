"""The network that is built for a table: plain Keras, and all that a population varies can be varied."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from wellfit.models import (
    NetworkShape,
    dropout_points,
    find_layout,
    load_model,
    narrow,
    predict_plain,
    restructured,
    save_plain,
    structure_facts,
    tabular_mlp,
    with_input_width,
)
from wellfit.records import SettingsError, Structure, Task, UnsupportedModelError


@pytest.mark.parametrize(
    ("task", "outputs", "shape"),
    [(Task.BINARY, 1, (5, 1)), (Task.MULTICLASS, 4, (5, 4)), (Task.REGRESSION, 2, (5, 2))],
)
def test_loads_as_plain_keras(task: Task, outputs: int, shape: tuple[int, int], tmp_path: Path) -> None:
    """The file needs no code of ours, and predicts the same."""
    model = tabular_mlp(3, task, outputs, width=8, categories=(6,))
    rows = np.random.default_rng(0)
    inputs = [rows.normal(size=(5, 3)).astype(np.float32), rows.integers(0, 6, (5, 1))]
    model.get_layer("head").set_weights(
        [rows.normal(size=v.shape).astype(np.float32) for v in model.get_layer("head").weights]
    )
    expected = predict_plain(model, inputs)
    assert expected.shape == shape
    save_plain(model, tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(predict_plain(loaded, inputs), expected, atol=1e-6)


def test_a_population_can_vary_it() -> None:
    """Hidden layers can be narrowed, left out and given dropout; narrowing keeps the first units."""
    model = tabular_mlp(4, Task.BINARY, width=8)
    layout = find_layout(model)
    assert not layout.reason
    assert [group.size for group in layout.groups] == [8, 8, 8]
    assert len(dropout_points(model, layout)) == 3
    assert any(block.removable for block in layout.blocks)
    small = narrow(model, layout, model.get_weights(), width=0.5)
    assert small.get_layer("hidden2").units == 4
    assert predict_plain(small, [np.ones((2, 4), np.float32)]).shape == (2, 1)


def test_one_extreme_cell_is_bent_back() -> None:
    """However far out a cell lies, it reaches the network as at most three deviations."""
    model = tabular_mlp(1, Task.BINARY, width=4, embedded=False)
    probe = keras.Model(model.inputs, model.get_layer("scaled").output)
    seen = predict_plain(probe, [np.array([[0.1], [1e6], [-1e6]], np.float32)])
    np.testing.assert_allclose(seen.ravel(), [0.1, 3.0, -3.0], atol=2e-3)


def test_waves_are_close_to_sines() -> None:
    """The parabolas that stand for sines differ from them by 0.06 at most."""
    model = tabular_mlp(1, Task.BINARY, width=4)
    probe = keras.Model(model.get_layer("phases").output, model.get_layer("periodic").output)
    phase = np.linspace(-2, 2, 401, dtype=np.float32)
    seen = predict_plain(probe, [np.repeat(phase, 4).reshape(401, 1, 4)])[:, 0]
    assert np.abs(seen - np.sin(2 * np.pi * phase)).max() < 0.06


def test_sizes_and_names() -> None:
    """Wide tables get no periodic features; the name sets a width; nonsense is refused."""
    assert "periodic" not in [layer.name for layer in tabular_mlp(100, Task.BINARY, width=4).layers]
    shape = NetworkShape(num_features=3, task=Task.BINARY)
    assert load_model("tabular:16", shape=shape).get_layer("hidden1").units == 16
    with pytest.raises(SettingsError):
        tabular_mlp(3, Task.BINARY, width=0)
    with pytest.raises(SettingsError):
        load_model("tabular:16-8", shape=shape)


@pytest.mark.parametrize("categories", [(), (7,)])
def test_takes_more_features(categories: tuple[int, ...]) -> None:
    """Features that a study creates get scales and periodic features of their own."""
    wider = with_input_width(tabular_mlp(3, Task.BINARY, width=8, categories=categories), 5)
    built = tabular_mlp(5, Task.BINARY, width=8, categories=categories)
    assert [w.shape for w in wider.weights] == [w.shape for w in built.weights]


def test_periodic_features_can_be_taken_out() -> None:
    """What is left is the network that would have been built without them; other networks are refused."""
    model = tabular_mlp(3, Task.BINARY, width=8)
    layout = find_layout(model)
    assert structure_facts(model, layout).has_periodic
    plain = restructured(model, layout, Structure(embedding="none"))
    built = tabular_mlp(3, Task.BINARY, width=8, embedded=False)
    assert [w.shape for w in plain.weights] == [w.shape for w in built.weights]
    assert not structure_facts(plain, find_layout(plain)).has_periodic
    with pytest.raises(UnsupportedModelError, match="periodic"):
        restructured(built, find_layout(built), Structure(embedding="none"))
