"""Every structure gives a plain Keras network that is a network of the population again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from model_samples import layers, mask_weights, outputs, plain_chain, residual, rows

from wellfit.models import (
    chosen_model,
    dense_stack,
    dropout_points,
    find_layout,
    group_units,
    narrow,
    network_function,
    residual_mlp,
    restructured,
    save_plain,
    structure_facts,
    training_setup,
    with_input_width,
    with_penalties,
)
from wellfit.records import Settings, SettingsError, Structure, Task, UnsupportedModelError

GROUPS = ((2, 3, 4, 5),)
NETWORKS: dict[str, Callable[[], keras.Model]] = {
    "chain": plain_chain,
    "residual": residual,
    "bare": lambda: residual_mlp(6, Task.BINARY, width=8, normalization="none"),
    "stack": lambda: dense_stack(6, Task.BINARY, units=(8, 8, 8), dropout=0.2),
}
# What each network cannot do: it is so already, or has nothing to change.
REFUSED = {
    "chain": {"batch", "unbridged"},
    "residual": {"batch", "bridged"},
    "bare": {"none", "bridged"},
    "stack": {"none", "unbridged"},
}
STRUCTURES = {
    "none": Structure(normalization="none"),
    "batch": Structure(normalization="batch"),
    "layer": Structure(normalization="layer"),
    "selu": Structure(activation="selu"),
    "bridged": Structure(skip="on"),
    "unbridged": Structure(skip="off"),
    "scaled": Structure(input_scale=True),
    "periodic": Structure(embedding="periodic"),
    "embedded": Structure(category_embedding=True),
    "together": Structure(
        width=2.0,
        depth=1,
        activation="mish",
        input_scale=True,
        embedding="periodic",
        category_embedding=True,
    ),
}
ALLOWED = [(net, name) for net in NETWORKS for name in STRUCTURES if name not in REFUSED[net]]


def changed(model: keras.Model, structure: Structure) -> keras.Model:
    """Return the network with a structure."""
    return restructured(model, find_layout(model), structure, groups=GROUPS)


def kinds(model: keras.Model) -> list[str]:
    """Return the class names of the layers that are no input."""
    return [type(one).__name__ for one in model.layers if not isinstance(one, keras.layers.InputLayer)]


@pytest.mark.parametrize(("network", "name"), ALLOWED)
def test_the_result_is_a_network_like_any_other(network: str, name: str, tmp_path: Path) -> None:
    """It loads without custom objects, is compiled as before, and can be narrowed with its predictions."""
    model = NETWORKS[network]()
    model.compile(keras.optimizers.Adam(0.003), "mean_squared_error")
    other = changed(model, STRUCTURES[name])
    layout, data = find_layout(other), rows(model)
    assert other.optimizer.learning_rate.value == pytest.approx(0.003)
    assert (other.input_shape, other.output_shape) == (model.input_shape, model.output_shape)
    assert network_function(other).layout == layout
    assert not any("enter" in group.name or "category" in group.name for group in layout.groups)
    assert len(dropout_points(other, layout)) >= len(dropout_points(model, find_layout(model)))
    save_plain(other, tmp_path / "other.keras")
    loaded = keras.saving.load_model(tmp_path / "other.keras", safe_mode=True)
    np.testing.assert_allclose(outputs(loaded, data), outputs(other, data), rtol=1e-5, atol=1e-6)
    units = group_units(layout, 0.5)
    weights = mask_weights(layout, other.get_weights(), units)
    small = narrow(other, layout, weights, width=0.5)
    assert [group.size for group in find_layout(small).groups] == list(units)
    if "LayerNormalization" not in kinds(other):  # whose moments a mask of weights alone does not change
        other.set_weights(weights)
        np.testing.assert_allclose(outputs(small, data), outputs(other, data), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("network", "name"), [(net, name) for net, names in REFUSED.items() for name in sorted(names)]
)
def test_what_changes_nothing_is_refused(network: str, name: str) -> None:
    """A network that is so already, or has nothing to change, is named as such with a way out."""
    with pytest.raises(UnsupportedModelError, match="Fix: "):
        changed(NETWORKS[network](), STRUCTURES[name])


def test_normalization_goes_after_hidden_nonlinearities() -> None:
    """Not after the output, nor after a linear layer."""
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, name="linear"),
            layers.Dense(4, activation="relu", name="hidden"),
            layers.Dropout(0.1),
            layers.Dense(1, activation="sigmoid", name="head"),
        ]
    )
    wanted = ["Dense", "Dense", "BatchNormalization", "Dropout", "Dense"]
    assert kinds(changed(model, Structure(normalization="batch"))) == wanted


def test_taking_normalization_out_leaves_what_prepares_the_inputs() -> None:
    """A batch normalization of the inputs stays, and a layer without bias gets one."""
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.BatchNormalization(name="inputs"),
            layers.Dense(4, use_bias=False, name="hidden"),
            layers.BatchNormalization(name="between"),
            layers.ReLU(),
            layers.Dense(1),
        ]
    )
    other = changed(model, Structure(normalization="none"))
    assert kinds(other) == ["BatchNormalization", "Dense", "ReLU", "Dense"]
    assert other.get_layer("hidden").use_bias


def test_activation_changes_everywhere_but_at_the_output() -> None:
    """Arguments, layers and operations; kernels in front of SELU start by LeCun's rule, others as before."""
    inputs = keras.Input((3,))
    x = layers.Dense(4, activation="relu", name="first")(inputs)
    x = layers.PReLU(name="slope")(layers.BatchNormalization()(layers.Dense(4, name="second")(x)))
    x = keras.ops.tanh(layers.Dense(4, name="third")(x))
    x = layers.Activation("sigmoid", name="end")(layers.Dense(1, name="head")(x))
    model = keras.Model(inputs, x)
    other = changed(model, Structure(activation="selu"))
    made = [getattr(one, "activation", None) for one in other.layers]
    assert [f.__name__ for f in made if f] == [
        "selu",
        "linear",
        "selu",
        "linear",
        "selu",
        "linear",
        "sigmoid",
    ]
    starts = [
        type(other.get_layer(n).kernel_initializer).__name__ for n in ("first", "second", "third", "head")
    ]
    assert starts == ["LecunNormal"] * 3 + ["GlorotUniform"]
    facts = structure_facts(other, find_layout(other))
    assert (facts.activations, facts.normalizations) == (("selu",), ("batch",))


def test_gates_keep_their_activation() -> None:
    """A sigmoid that something else is multiplied with is no hidden nonlinearity."""
    inputs = keras.Input((3,))
    gate = layers.Dense(4, activation="sigmoid", name="gate")(inputs)
    x = layers.Multiply()([gate, layers.Dense(4, activation="relu", name="value")(inputs)])
    other = changed(keras.Model(inputs, layers.Dense(1)(x)), Structure(activation="silu"))
    names = [other.get_layer(name).activation.__name__ for name in ("gate", "value")]
    assert names == ["sigmoid", "silu"]


def test_a_bridge_adds_what_goes_in() -> None:
    """Without its bridges the bridged network is the one before, and with them it puts out x + layer(x)."""
    model = dense_stack(6, Task.REGRESSION, units=(8, 8), dropout=0.0)
    bridged = changed(model, Structure(skip="on"))
    bridged.set_weights(model.get_weights())
    data = rows(model)
    first, second, head = (model.get_layer(name) for name in ("hidden1", "hidden2", "head"))
    wanted: Any = head(first(data) + second(first(data)))
    np.testing.assert_allclose(outputs(bridged, data), np.asarray(wanted), rtol=1e-5, atol=1e-6)
    back = changed(bridged, Structure(skip="off"))
    back.set_weights(model.get_weights())
    np.testing.assert_allclose(outputs(back, data), outputs(model, data), rtol=1e-5, atol=1e-6)


def test_input_scale_starts_at_one() -> None:
    """The network with untrained factors is the one before, for each feature a factor, and no penalty."""
    model = dense_stack(6, Task.REGRESSION, units=(8,))
    scaled = changed(model, Structure(input_scale=True))
    ones, *rest = scaled.get_weights()
    np.testing.assert_array_equal(ones, np.ones(6))
    scaled.set_weights([ones, *model.get_weights()])
    assert [w.shape for w in rest] == [w.shape for w in model.get_weights()]
    np.testing.assert_allclose(outputs(scaled, rows(model)), outputs(model, rows(model)), rtol=1e-5)
    penalized = with_penalties(scaled, l2=0.1)
    found = [variable.regularizer is not None for variable in penalized.trainable_variables]
    assert found == [False, True, False, True, False]


def test_periodic_features_follow_the_equation() -> None:
    """Beside x stands a linear layer of each feature over cos(2 pi (w x + b)), categories left out."""
    model = dense_stack(6, Task.REGRESSION, units=())
    other = changed(model, Structure(embedding="periodic"))
    frequencies, phases, kernel, bias, head, shift = other.get_weights()
    assert [w.shape for w in (frequencies, kernel, head)] == [(2, 16), (2, 16, 3), (12, 1)]
    data = rows(model)
    waves = np.cos(data[:, :2, None] * frequencies + phases)
    made = np.einsum("bfk,fkd->bfd", waves, kernel) + bias
    wanted = np.concatenate([data, made.reshape(len(data), -1)], axis=1) @ head + shift
    np.testing.assert_allclose(outputs(other, data), wanted, rtol=1e-4, atol=1e-5)
    drawn = [v for v in network_function(other).trainable if v.is_drawn]
    assert len(drawn) == 5  # all but the bias of the head


def test_category_columns_pass_a_layer_of_their_own() -> None:
    """One-hot rows give a row of its kernel, beside the other columns."""
    model = dense_stack(6, Task.REGRESSION, units=())
    other = changed(model, Structure(category_embedding=True))
    table, head, shift = other.get_weights()
    data = np.zeros((4, 6), np.float32)
    data[:, :2] = rows(model)[:4, :2]
    data[:, 2:] = np.eye(4)
    wanted = np.concatenate([data[:, :2], table], axis=1) @ head + shift
    np.testing.assert_allclose(outputs(other, data), wanted, rtol=1e-5, atol=1e-6)


def test_features_enter_behind_what_prepares_them() -> None:
    """An adapted normalization comes first and keeps its moments; a frozen layer keeps its weights."""
    adapted = layers.Normalization(name="adapted")
    adapted.adapt(np.arange(12.0).reshape(4, 3))
    frozen = layers.Dense(4, activation="tanh", name="frozen", trainable=False)
    model = keras.Sequential([keras.Input((3,)), adapted, frozen, layers.Dense(1)])
    other = restructured(model, find_layout(model), Structure(input_scale=True))
    assert kinds(other) == ["Normalization", "EinsumDense", "Dense", "Dense"]
    np.testing.assert_array_equal(other.get_layer("frozen").get_weights()[0], frozen.get_weights()[0])
    np.testing.assert_array_equal(other.get_layer("adapted").mean, adapted.mean)
    with pytest.raises(UnsupportedModelError, match="'frozen' is not trained"):
        restructured(model, find_layout(model), Structure(embedding="periodic"))


def test_more_features_make_new_kernels() -> None:
    """What reads the float input grows; other inputs stay; what cannot grow is named."""
    model = residual_mlp(3, Task.BINARY, width=8, categories=(7,))
    wider = with_input_width(model, 5)
    assert [tuple(x.shape) for x in wider.inputs] == [(None, 5), (None, 1)]
    assert wider.get_layer("stem").kernel.shape[0] == model.get_layer("stem").kernel.shape[0] + 2
    assert wider.loss == model.loss
    adapted = layers.Normalization(name="adapted")
    adapted.adapt(np.arange(12.0).reshape(4, 3))
    with pytest.raises(UnsupportedModelError, match="'adapted'"):
        with_input_width(keras.Sequential([keras.Input((3,)), adapted, layers.Dense(1)]), 5)
    with pytest.raises(UnsupportedModelError, match="another number of features"):
        with_input_width(keras.Sequential([keras.Input((3, 2)), layers.Dense(1)]), 5)


def test_nested_models_and_odd_groups_are_refused() -> None:
    """The message says what cannot be done."""
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(4, activation="relu")], name="inner")
    nested = keras.Sequential([keras.Input((3,)), inner, layers.Dense(1)])
    with pytest.raises(UnsupportedModelError, match="'inner'"):
        restructured(nested, find_layout(nested), Structure(activation="tanh"))
    model = dense_stack(6, Task.BINARY)
    for groups in (((0, 6),), ((0, 1), (1, 2))):
        with pytest.raises(SettingsError, match="groups"):
            restructured(model, find_layout(model), Structure(category_embedding=True), groups=groups)
    with pytest.raises(UnsupportedModelError, match="no categories"):
        restructured(model, find_layout(model), Structure(category_embedding=True))


@pytest.mark.parametrize("name", ["bridged", "periodic", "together"])
def test_a_member_becomes_the_network_that_it_is(name: str) -> None:
    """Width, depth, dropout and penalties on top of another structure: plain Keras with equal predictions."""
    model = NETWORKS["stack"]()
    structure, settings = STRUCTURES[name], Settings(width=1.0, dropout=0.3, l2=0.01, learning_rate=0.1)
    other = changed(model, structure)
    weights = [np.asarray(value) for value in other.get_weights()]
    setup = training_setup(model, Task.BINARY)
    built = chosen_model(model, structure, weights, settings, setup, groups=GROUPS)
    data = rows(model)
    np.testing.assert_allclose(outputs(built, data), outputs(other, data), rtol=1e-5, atol=1e-6)
    assert {one.rate for one in built.layers if isinstance(one, layers.Dropout)} == {0.3}
