"""Surgery that takes effect: penalties, decay and dropout on every kind of network and layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.models import freeze, penalties, regularize, stages
from wellfit.models._dropout_places import inner_dropouts
from wellfit.records import SettingsError, UnsupportedModelError

layers = keras.layers
L2 = 1e-3


def sequential(*parts: Any) -> keras.Model:
    """Return a compiled network of these parts and a head."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([*parts, layers.Flatten(), layers.Dense(2, name="head")])
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


def matrices(model: keras.Model) -> list[Any]:
    """Return the weights that are kernels."""
    names = ("bias", "gamma", "beta", "alpha")
    return [v for v in model.trainable_variables if len(v.shape) > 1 and v.name not in names]


def outputs(model: keras.Model, *inputs: np.ndarray) -> np.ndarray:
    """Return predictions, all outputs side by side."""
    given = list(inputs) if len(inputs) > 1 else inputs[0]
    found = keras.tree.flatten(model(given, training=False))
    return np.concatenate([np.asarray(part).reshape(len(part), -1) for part in found], axis=1)


SEQUENCE = keras.Input((6, 4))
PARTS: dict[str, Callable[[], tuple[Any, ...]]] = {
    "dense": lambda: (keras.Input((5,)), layers.Dense(3)),
    "einsum": lambda: (keras.Input((5,)), layers.EinsumDense("ab,bc->ac", output_shape=(3,), bias_axes="c")),
    "conv1d": lambda: (keras.Input((6, 4)), layers.Conv1D(3, 2)),
    "conv2d": lambda: (keras.Input((6, 6, 2)), layers.Conv2D(3, 2)),
    "conv3d": lambda: (keras.Input((4, 4, 4, 2)), layers.Conv3D(3, 2)),
    "transposed": lambda: (keras.Input((6, 6, 2)), layers.Conv2DTranspose(3, 2)),
    "depthwise": lambda: (keras.Input((6, 6, 2)), layers.DepthwiseConv2D(2)),
    "separable": lambda: (keras.Input((6, 6, 2)), layers.SeparableConv2D(3, 2)),
    "separable1d": lambda: (keras.Input((6, 2)), layers.SeparableConv1D(3, 2)),
    "lstm": lambda: (keras.Input((6, 4)), layers.LSTM(3)),
    "gru": lambda: (keras.Input((6, 4)), layers.GRU(3)),
    "simple-rnn": lambda: (keras.Input((6, 4)), layers.SimpleRNN(3)),
    "cells": lambda: (
        keras.Input((6, 4)),
        layers.RNN(layers.StackedRNNCells([layers.GRUCell(3), layers.GRUCell(2)])),
    ),
    "bidirectional": lambda: (keras.Input((6, 4)), layers.Bidirectional(layers.LSTM(3))),
    "time-distributed": lambda: (keras.Input((6, 4)), layers.TimeDistributed(layers.Dense(3))),
    "embedding": lambda: (keras.Input((6,), dtype="int32"), layers.Embedding(7, 3)),
    "normalized": lambda: (keras.Input((5,)), layers.Dense(3), layers.BatchNormalization()),
    "spectral": lambda: (keras.Input((5,)), layers.SpectralNormalization(layers.Dense(3))),
    "prelu": lambda: (keras.Input((6, 4)), layers.Dense(3), layers.PReLU()),
}


@pytest.mark.parametrize("name", PARTS)
def test_every_layer_with_kernels_takes_the_penalty(name: str, tmp_path: Path) -> None:
    """One for each kernel, in the loss, and still there after saving and loading."""
    model = sequential(*PARTS[name]())
    changed = regularize(model, l2=L2, verbose=False)
    expected = L2 * sum(float(np.square(np.asarray(v)).sum()) for v in matrices(model))
    assert len(model.losses) == 0
    assert len(changed.losses) == len(matrices(model))
    assert sum(map(float, changed.losses)) == pytest.approx(expected, rel=1e-5)
    changed.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    assert sum(map(float, loaded.losses)) == pytest.approx(expected, rel=1e-5)
    for old, new in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(old, new)


INNER = {
    "recurrent": lambda: layers.LSTM(3, dropout=0.2, recurrent_dropout=0.1, name="inner"),
    "both-ways": lambda: layers.Bidirectional(layers.GRU(3, dropout=0.2), name="inner"),
    "wrapped": lambda: layers.TimeDistributed(layers.Dropout(0.2), name="inner"),
}


@pytest.mark.parametrize("rate", [0.4, 0.0])
@pytest.mark.parametrize("name", INNER)
def test_dropout_inside_a_layer_is_changed(
    name: str, rate: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """In training it drops as much as was asked for; one that is left out keeps its rate."""
    model = sequential(keras.Input((6, 4)), INNER[name](), layers.Flatten(), layers.Dense(1))
    changed = regularize(model, dropout=rate)
    assert dict(inner_dropouts(changed)) == ({"inner": rate} if rate else {})
    assert f"dropout inside inner{': 0.2 -> 0.4' if rate else ' (0.2): removed'}" in capsys.readouterr().out
    kept = regularize(model, dropout=rate, exclude="inner", verbose=False)
    assert dict(inner_dropouts(kept)) == {"inner": 0.2}


def test_dropout_inside_attention_is_changed() -> None:
    """And where it has none, none is put inside."""
    inputs = keras.Input((6, 4))
    first = layers.MultiHeadAttention(2, 3, dropout=0.2, name="first")(inputs, inputs)
    second = layers.MultiHeadAttention(2, 3, name="second")(first, first)
    model = keras.Model(inputs, layers.Dense(1)(layers.Flatten()(second)))
    changed = regularize(model, dropout=0.3, verbose=False)
    assert dict(inner_dropouts(changed)) == {"first": 0.3}


def test_attention_takes_the_penalty() -> None:
    """Its four kernels are those of layers inside it."""
    inputs = keras.Input((6, 4))
    attended = layers.MultiHeadAttention(2, 3)(inputs, inputs)
    model = keras.Model(inputs, layers.Dense(1)(layers.Flatten()(attended)))
    assert len(regularize(model, l2=L2, verbose=False).losses) == 5


def test_a_backbone_inside_a_model_is_reached() -> None:
    """Also where it is called twice, and where the model has several inputs and outputs."""
    inner = keras.Input((5,))
    backbone = keras.Model(inner, layers.Dense(3, name="deep")(layers.Dense(4)(inner)), name="backbone")
    first, second = keras.Input((5,)), keras.Input((5,))
    joined = layers.Concatenate()([backbone(first), backbone(second)])
    model = keras.Model(
        [first, second], [layers.Dense(2, name="a")(joined), layers.Dense(1, name="b")(joined)]
    )
    changed = regularize(model, l1=1e-4, l2=L2, verbose=False)
    assert [(p.l1, p.l2) for p in penalties(changed)] == [(1e-4, L2)] * 4
    rows = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32)
    assert np.allclose(outputs(model, *rows), outputs(changed, *rows), rtol=1e-5, atol=1e-6)
    only = regularize(model, l2=L2, layers="backbone", exclude="deep", verbose=False)
    assert [p.path.split("/")[-2] for p in penalties(only)] == [backbone.layers[1].name]


def test_a_layer_that_a_backbone_shares_with_the_model_around_it_stays_shared() -> None:
    """A copy for each would be trained apart."""
    tied = layers.Dense(5, "relu", name="tied")
    backbone = keras.Sequential([keras.Input((5,)), tied], name="backbone")
    inputs = keras.Input((5,))
    model = keras.Model(inputs, layers.Dense(1)(tied(backbone(inputs))))
    changed = regularize(model, l2=L2, verbose=False)
    assert changed.get_layer("backbone").layers[0] is changed.get_layer("tied")
    assert len(penalties(changed)) == 2


APPLICATIONS: dict[str, Any] = {
    "ResNet50": keras.applications.ResNet50,
    "ResNet50V2": keras.applications.ResNet50V2,
    "MobileNetV2": keras.applications.MobileNetV2,
    "EfficientNetB0": keras.applications.EfficientNetB0,
    "DenseNet121": keras.applications.DenseNet121,
    "VGG16": keras.applications.VGG16,
}


@pytest.mark.parametrize("name", APPLICATIONS)
def test_networks_of_keras_applications(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All kernels, all predictions as they were (verified within), and dropout before the head."""
    model = APPLICATIONS[name](weights=None, input_shape=(32, 32, 3), classes=5)
    changed = regularize(model, l2=1e-4, dropout=0.3, spatial_dropout=0.1)
    assert len(changed.losses) == len(matrices(model))
    dropouts = [layer for layer in changed.layers if type(layer) is layers.Dropout]
    plain = [layer for layer in dropouts if layer.noise_shape is None]
    assert plain
    assert {layer.rate for layer in plain} == {0.3}
    maps = [layer for layer in changed.layers if isinstance(layer, layers.SpatialDropout2D)]
    assert maps
    if name == "ResNet50":
        assert len(maps) == 13  # of 16 blocks; the last three have maps of a single place
        assert len(plain) == 1
    told = capsys.readouterr().out
    assert f"{len(matrices(model))} weights have one, 0 had" in told
    assert "not verified" not in told


def test_own_penalties_are_found_changed_and_removed() -> None:
    """0 removes, None leaves, a number replaces."""
    model = sequential(
        keras.Input((5,)), layers.Dense(4, kernel_regularizer="l2"), layers.Dense(3, kernel_regularizer="l1")
    )
    assert [(p.l1, p.l2) for p in penalties(model)] == [
        (0.0, pytest.approx(0.01)),
        (pytest.approx(0.01), 0.0),
    ]
    none = regularize(model, l1=0.0, l2=0.0, verbose=False)
    assert penalties(none) == ()
    half = regularize(model, l2=L2, verbose=False)
    assert [p.l2 for p in penalties(half)] == [pytest.approx(L2)] * 3
    assert [p.l1 for p in penalties(half)] == [0.0, pytest.approx(0.01), 0.0]


def test_an_attribute_that_was_set_too_late_stays_without_effect() -> None:
    """Only what is asked for becomes a penalty."""
    model = sequential(keras.Input((5,)), layers.Dense(4, "relu", name="body"))
    model.get_layer("body").kernel_regularizer = keras.regularizers.L1(0.1)
    assert penalties(regularize(model, dropout=0.2, verbose=False)) == ()
    assert [(one.l1, one.l2) for one in penalties(regularize(model, l2=L2, verbose=False))] == [(0.0, L2)] * 2


def test_biases_and_normalization_only_where_asked_for() -> None:
    """They are left out by default."""
    model = sequential(keras.Input((5,)), layers.Dense(4), layers.BatchNormalization())
    assert len(penalties(regularize(model, l2=L2, verbose=False))) == 2
    every = regularize(model, l2=L2, biases=True, normalization=True, verbose=False)
    assert len(penalties(every)) == len(model.trainable_variables)


def test_training_feels_the_penalty() -> None:
    """Weights end smaller, which setting an attribute of a layer would not do."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 5)).astype(np.float32), rng.normal(size=(64, 2)).astype(np.float32)
    model = sequential(keras.Input((5,)), layers.Dense(8))
    changed = regularize(model, l2=1.0, verbose=False)
    for network in (model, changed):
        network.fit(x, y, epochs=20, verbose=0)
    norms = [sum(float(np.square(np.asarray(v)).sum()) for v in matrices(n)) for n in (model, changed)]
    assert norms[1] < 0.3 * norms[0]


def test_compile_settings_and_state_stay() -> None:
    """Loss, metrics, learning rate, moments and what is left out of the decay."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(32, 5)).astype(np.float32), rng.normal(size=(32, 2)).astype(np.float32)
    model = sequential(keras.Input((5,)), layers.Dense(8))
    optimizer = keras.optimizers.AdamW(0.02, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_list=[model.layers[0].bias])
    model.compile(optimizer, "mae", metrics=["mse"])
    model.fit(x, y, epochs=2, verbose=0)
    changed = regularize(model, l2=L2, verbose=False)
    assert changed.loss == "mae"
    assert float(changed.optimizer.learning_rate) == pytest.approx(0.02)
    assert int(changed.optimizer.iterations.value) == 2
    assert changed.evaluate(x, y, verbose=0, return_dict=True).keys() == {"loss", "mse"}
    for old, new in zip(model.optimizer.variables, changed.optimizer.variables, strict=True):
        assert np.array_equal(np.asarray(old.value), np.asarray(new.value))
    decayed = [changed.optimizer._use_weight_decay(v) for v in changed.trainable_variables]
    assert decayed == [True, False, True, True]


def test_weight_decay_is_for_kernels_alone() -> None:
    """With no gradient kernels shrink and biases stay."""
    model = sequential(keras.Input((5,)), layers.Dense(8, bias_initializer="ones"))
    changed = regularize(model, weight_decay=0.5, verbose=False)
    kernel, bias = changed.layers[0].get_weights()
    changed.optimizer._apply_weight_decay(changed.trainable_variables)
    after, same = changed.layers[0].get_weights()
    assert np.allclose(after, kernel * (1 - 0.5 * 0.01), rtol=1e-5)
    assert np.array_equal(bias, same)


def test_dropout_is_changed_put_in_and_taken_out() -> None:
    """Own layers get the rate, hidden layers without one get one, 0 takes all away."""
    model = sequential(keras.Input((5,)), layers.Dense(8, activation="relu"), layers.Dropout(0.5, name="own"))
    model = keras.Sequential([*model.layers[:2], layers.Dense(4, activation="relu"), layers.Dense(1)])
    model.build((None, 5))
    changed = regularize(model, dropout=0.2, verbose=False)
    assert [type(layer).__name__ for layer in changed.layers] == [
        "Dense",
        "Dropout",
        "Dense",
        "Dropout",
        "Dense",
    ]
    assert [layer.rate for layer in changed.layers if isinstance(layer, layers.Dropout)] == [0.2, 0.2]
    gone = regularize(changed, dropout=0.0, verbose=False)
    assert [type(layer).__name__ for layer in gone.layers] == ["Dense"] * 3


class Drops(layers.Layer):
    """Drops inside by a rate that its config does not call dropout."""

    def __init__(self, share: float, **options: Any) -> None:
        super().__init__(**options)
        self.share = share
        self.inner = layers.Dropout(share)

    def call(self, inputs: Any) -> Any:
        """Return what is left."""
        return self.inner(inputs)

    def get_config(self) -> dict[str, Any]:
        """Return name and share."""
        return {"name": self.name, "share": self.share}


def test_dropout_of_a_layer_of_ones_own_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Its config does not say what drops: it stays, and the user is told."""
    model = sequential(keras.Input((4,)), Drops(0.4, name="own"), layers.Dense(3))
    changed = regularize(model, dropout=0.0)
    assert dict(inner_dropouts(changed)) == {"own": 0.4}
    assert "dropout inside own (0.4): stays as it is" in capsys.readouterr().out


def test_feature_maps_are_dropped_inside_a_backbone() -> None:
    """The layer is put where the activation is, in the nested model."""
    inner = keras.Input((8, 8, 1))
    maps = layers.Conv2D(4, 3, activation="relu", name="seen")(inner)
    backbone = keras.Model(inner, layers.Flatten()(layers.Conv2D(4, 3)(maps)), name="backbone")
    outer = keras.Input((8, 8, 1))
    model = keras.Model(outer, layers.Dense(2)(backbone(outer)))
    changed = regularize(model, spatial_dropout=0.2, dropout=0.4, verbose=False)
    assert "seen_spatial_dropout" in [layer.name for layer in changed.get_layer("backbone").layers]
    assert "backbone_dropout" in [layer.name for layer in changed.layers]
    gone = regularize(changed, spatial_dropout=0.0, verbose=False)
    assert "seen_spatial_dropout" not in [layer.name for layer in gone.get_layer("backbone").layers]


@pytest.mark.parametrize("units", [3, 4])
def test_what_is_put_into_one_branch_may_change_the_order_of_weights(units: int) -> None:
    """Values, penalties and moments go with their layers, also where shapes are equal."""
    inputs = keras.Input((5,))
    first = layers.Dense(4, "relu", name="first")(inputs)
    second = layers.Dense(units, "relu", name="second")(inputs)
    model = keras.Model(inputs, layers.Dense(1, name="end")(layers.Concatenate()([second, first])))
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    rows = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
    model.train_on_batch(rows, rows[:, :1])
    changed = regularize(model, l2=L2, dropout=0.2, layers="first", verbose=False)
    assert [layer.name for layer in changed.layers] != [layer.name for layer in model.layers]
    assert np.allclose(outputs(model, rows), outputs(changed, rows), rtol=1e-5, atol=1e-6)
    assert [one.path.split("/")[-2] for one in penalties(changed)] == ["first"]
    moments = [
        {v.path: np.asarray(v.value) for v in network.optimizer.variables} for network in (model, changed)
    ]
    assert moments[0].keys() == moments[1].keys()
    assert all(np.array_equal(value, moments[1][path]) for path, value in moments[0].items())


def test_frozen_layers_stay_frozen_and_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Keras leaves their penalties out until they are trained."""
    model = sequential(keras.Input((5,)), layers.Dense(8, name="body"))
    model.get_layer("body").trainable = False
    changed = regularize(model, l2=L2)
    assert len(changed.losses) == 1
    assert "1 of them are frozen" in capsys.readouterr().out
    assert [p.in_effect for p in penalties(changed)] == [False, True]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({}, "nothing is asked for"),
        ({"l2": -1.0}, "l2 is out of range"),
        ({"dropout": 1.0}, "dropout is out of range"),
        ({"l2": "much"}, "l2 is out of range"),
        ({"l2": 0.1, "exclude": "haed"}, "head"),
        ({"l2": 0.1, "layers": [layers.LSTM]}, "LSTM"),
        ({"l2": 0.1, "layers": 3}, "type int"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], match: str) -> None:
    """With what was received and how to mend it."""
    with pytest.raises(SettingsError, match=match):
        regularize(sequential(keras.Input((5,)), layers.Dense(3)), verbose=False, **options)


def test_a_number_of_numpy_is_a_number() -> None:
    """Keras' own regularizers refuse it."""
    better = regularize(sequential(keras.Input((5,)), layers.Dense(3)), l2=np.float32(0.5), verbose=False)  # pyright: ignore[reportArgumentType]
    assert {found.l2 for found in penalties(better)} == {0.5}


@pytest.mark.parametrize("wrong", [None, "net.keras", layers.Dense(1)])
def test_what_is_no_network_is_refused(wrong: Any) -> None:
    """By whatever asks for one."""
    for function in (lambda model: regularize(model, weight_decay=0.1), penalties, freeze, stages):
        with pytest.raises(SettingsError, match=type(wrong).__name__):
            function(wrong)


def test_decay_needs_an_optimizer_and_surgery_a_graph() -> None:
    """Both are said."""
    plain = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    with pytest.raises(SettingsError, match="not compiled"):
        regularize(plain, weight_decay=0.1)
    with pytest.raises(UnsupportedModelError, match="built"):
        regularize(keras.Sequential([layers.Dense(1)]), l2=0.1)


@keras.saving.register_keras_serializable("tests")
class Scaled(layers.Layer):
    """A layer with a kernel and no argument for a regularizer."""

    def build(self, shape: Any) -> None:
        """Make the kernel."""
        self.matrix = self.add_weight(shape=(shape[-1], 2), name="matrix")

    def call(self, inputs: Any) -> Any:
        """Return the product."""
        return keras.ops.matmul(inputs, self.matrix)


def test_a_layer_that_takes_no_penalty_is_named() -> None:
    """And can be left out."""
    model = sequential(keras.Input((5,)), Scaled(name="odd"))
    with pytest.raises(UnsupportedModelError, match="odd"):
        regularize(model, l2=L2, verbose=False)
    assert len(penalties(regularize(model, l2=L2, exclude="odd", verbose=False))) == 1


def test_both_networks_can_go_on_training() -> None:
    """The optimizer's state is copied: training one network takes nothing from the other."""
    model = sequential(keras.Input((5,)), layers.Dense(3))
    rows, target = np.ones((8, 5), np.float32), np.zeros((8, 2), np.float32)
    model.train_on_batch(rows, target)
    changed = regularize(model, l2=L2, verbose=False)
    for network in (changed, model):
        network.train_on_batch(rows, target)
        optimizer: Any = network.optimizer
        assert int(optimizer.iterations) == 2
        assert float(optimizer.learning_rate) == pytest.approx(0.01)


def test_all_layers_that_refuse_a_penalty_are_named_as_what_to_exclude() -> None:
    """Passing what the error says works."""
    own = keras.regularizers.OrthogonalRegularizer()
    model = sequential(
        keras.Input((5,)),
        layers.Dense(4, name="plain"),
        layers.Dense(3, kernel_regularizer=own, name="turned"),
        layers.Dense(3, kernel_regularizer=own, name="other"),
    )
    with pytest.raises(UnsupportedModelError) as raised:
        regularize(model, l2=L2, verbose=False)
    assert "exclude=['turned', 'other']" in str(raised.value)
    changed = regularize(model, l2=L2, exclude=["turned", "other"], verbose=False)
    assert [found.kind for found in penalties(changed)].count("L2") == 2


def test_lora_is_to_be_merged_first() -> None:
    """A layer that was given LoRA after it was built keeps its weights in another order."""
    model = sequential(keras.Input((5,)), layers.Dense(4, name="low"))
    model.get_layer("low").enable_lora(2)
    with pytest.raises(UnsupportedModelError, match="merge LoRA first"):
        regularize(model, l2=L2, layers="head", verbose=False)
