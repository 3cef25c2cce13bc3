"""Residual branches: where they end, and what becomes of rows that go past them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.models import find_layout, freeze, num_branches, residual_mlp, stages, with_stochastic_depth
from wellfit.models._branches import branch_places
from wellfit.records import Task

layers = keras.layers


def body(*, projected: bool = False) -> keras.Model:
    """Return two residual blocks of convolutions on 6 x 6 maps, and one on 3 x 3 maps."""
    inputs = keras.Input((6, 6, 2))
    x = layers.Conv2D(4, 3, padding="same", name="stem")(inputs)
    for name, strides in (("one", 1), ("two", 1), ("three", 2)):
        if strides > 1:
            way: Any = layers.Conv2D(4, 1, strides=strides, name="down")(x) if projected else None
            x = layers.MaxPooling2D(2, name="pool")(x) if way is None else x
        y = layers.Conv2D(4, 3, strides=strides if projected else 1, padding="same", name=f"{name}_conv")(x)
        y = layers.BatchNormalization(name=f"{name}_norm")(y)
        x = layers.Add(name=f"{name}_sum")([way if strides > 1 and projected else x, y])
        x = layers.ReLU(name=f"{name}_relu")(x)
    return keras.Model(inputs, x, name="body")


def network(*, projected: bool = False) -> keras.Model:
    """Return the body with a head, compiled, with weights and moments that are no defaults."""
    keras.utils.set_random_seed(0)
    own = body(projected=projected)
    x = layers.GlobalAveragePooling2D(name="mean")(own.output)
    model = keras.Model(own.input, layers.Dense(3, activation="softmax", name="head")(x))
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.1, 1.0, value.shape) for value in model.get_weights()])
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return model


def rows(count: int = 4) -> np.ndarray:
    """Return noise of the network's input shape."""
    return np.random.default_rng(1).normal(size=(count, 6, 6, 2)).astype(np.float32)


def ends(model: keras.Model) -> list[tuple[str, int]]:
    """Return the paths of the ends of branches, and their depth blocks."""
    return [(place.path, place.block) for place in branch_places(model, find_layout(model))]


def rates(model: keras.Model) -> dict[str, float]:
    """Return the rates of all dropout layers by name, nested models opened."""
    return {one.name: one.rate for one in model._flatten_layers() if isinstance(one, layers.Dropout)}


def test_survival_falls_linearly_with_depth(tmp_path: Path) -> None:
    """The last branch has the whole rate; predictions, compile settings and the saved file are plain."""
    model = network()
    other = with_stochastic_depth(model, 0.6)
    assert rates(other) == pytest.approx(
        {"one_norm_branch_dropout": 0.2, "two_norm_branch_dropout": 0.4, "three_norm_branch_dropout": 0.6}
    )
    np.testing.assert_array_equal(other(rows()), model(rows()))
    assert other.optimizer.learning_rate.value == pytest.approx(0.003)
    other.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(rows()), model(rows()))
    assert rates(loaded) == rates(other)


def test_a_row_goes_past_a_branch_as_a_whole() -> None:
    """In training the branch is zero for all places and maps of a row, or scaled up for all of them."""
    other = with_stochastic_depth(network(), 0.5)
    dropped = other.get_layer("three_norm_branch_dropout")
    values = np.ones((64, 3, 3, 4), np.float32)
    found = np.asarray(dropped(values, training=True)).reshape(64, -1)
    assert (found == found[:, :1]).all()
    assert set(np.unique(found)) == {0.0, 2.0}


def test_projections_and_what_is_dropped_already_are_left_out() -> None:
    """There is no way past a projection; a network that drops its branches is offered no more of it."""
    assert [path for path, _ in ends(network())] == ["one_norm", "two_norm", "three_norm"]
    assert [path for path, _ in ends(network(projected=True))] == ["one_norm", "two_norm"]
    dropped = with_stochastic_depth(network(), 0.5)
    assert ends(dropped) == []
    assert with_stochastic_depth(dropped, 0.5) is dropped
    stack = keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.Dense(1)])
    assert with_stochastic_depth(stack, 0.5) is stack


def test_rows_of_a_table_have_branches_as_well() -> None:
    """One noise number a row, whatever the rank."""
    model = residual_mlp(5, Task.BINARY, width=6)
    other = with_stochastic_depth(model, 0.2)
    shapes = {one.noise_shape for one in other.layers if one.name.endswith("_branch_dropout")}
    assert shapes == {(None, 1)}


def test_nested_models_are_opened() -> None:
    """A backbone as a layer: its branches lie in no block of the outer network; weights are kept."""
    keras.utils.set_random_seed(0)
    nested = keras.Sequential([keras.Input((6, 6, 2)), body(), layers.Flatten(), layers.Dense(2)])
    assert ends(nested) == [("body/one_norm", -1), ("body/two_norm", -1), ("body/three_norm", -1)]
    other = with_stochastic_depth(nested, 0.3)
    np.testing.assert_array_equal(other(rows()), nested(rows()))
    assert sorted(rates(other).values()) == pytest.approx([0.1, 0.2, 0.3])


def test_frozen_branches_stay() -> None:
    """Those of frozen stages are neither dropped nor counted, now or when they will be frozen."""
    model = network()
    layout = find_layout(model)
    assert [stage.size for stage in stages(model)] == [(6, 6), (3, 3), ()]
    assert [num_branches(model, layout, number) for number in (-1, 0, 1, 2)] == [3, 3, 1, 0]
    frozen = freeze(model, 1)
    assert ends(frozen) == [("three_norm", 3)]
    assert rates(with_stochastic_depth(frozen, 0.4)) == pytest.approx({"three_norm_branch_dropout": 0.4})
