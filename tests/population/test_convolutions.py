"""Convolutions as products of patches: Keras' own to float tolerance, gradients and training included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from population_samples import assert_weights_equal, fitted, layers, members, population

from wellfit.models import network_function
from wellfit.population import _convolution
from wellfit.population import _population as population_module
from wellfit.population import _program as program_module
from wellfit.population._convolution import Convolving, fastest_convolving
from wellfit.population._scope import MemberScope
from wellfit.records import RESULTS, Dataset, Settings, Split, Task, members_from

MAPS: dict[str, tuple[tuple[int, ...], Callable[[], Any]]] = {
    "plain": ((7, 6, 3), lambda: layers.Conv2D(4, 3)),
    "same": ((7, 6, 3), lambda: layers.Conv2D(4, 3, padding="same", activation="relu")),
    "same-strided": ((8, 7, 3), lambda: layers.Conv2D(4, (3, 2), strides=(2, 3), padding="same")),
    "valid-strided": ((8, 7, 3), lambda: layers.Conv2D(4, (2, 3), strides=2, use_bias=False)),
    "dilated": ((9, 8, 2), lambda: layers.Conv2D(4, 3, dilation_rate=(2, 3), padding="same")),
    "groups": ((6, 6, 6), lambda: layers.Conv2D(4, 3, groups=2)),
    "group-a-channel": ((6, 6, 3), lambda: layers.Conv2D(6, 3, groups=3)),
    "pairs-of-places": ((7, 8, 2), lambda: layers.Conv2D(4, (2, 3), strides=(2, 1), padding="same")),
    "sequence-in-pairs": ((8, 2), lambda: layers.Conv1D(4, 3, padding="same")),
    "many-channels": ((6, 6, 5), lambda: layers.Conv2D(4, 3, padding="same")),
    "pointwise": ((6, 6, 3), lambda: layers.Conv2D(5, 1, strides=2)),
    "depthwise": ((7, 6, 3), lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same")),
    "depthwise-strided": ((8, 8, 3), lambda: layers.DepthwiseConv2D(3, strides=2, activation="relu")),
    "separable": ((7, 6, 3), lambda: layers.SeparableConv2D(5, 3, depth_multiplier=2, padding="same")),
    "separable-strided": ((8, 8, 3), lambda: layers.SeparableConv2D(5, 3, strides=2)),
    "sequence": ((9, 3), lambda: layers.Conv1D(4, 3, dilation_rate=2, padding="same")),
    "causal": ((9, 3), lambda: layers.Conv1D(4, 3, dilation_rate=2, padding="causal")),
    "depthwise-sequence": ((9, 3), lambda: layers.DepthwiseConv1D(3, depth_multiplier=2)),
    "volume": ((5, 5, 4, 2), lambda: layers.Conv3D(3, 2, padding="same")),
    "pool": ((7, 6, 3), lambda: layers.MaxPooling2D(2)),
    "pool-wide": ((7, 9, 3), lambda: layers.AveragePooling2D((2, 3))),
    "pool-overlapping": ((7, 7, 3), lambda: layers.MaxPooling2D(3, strides=2)),
    "pool-same": ((7, 7, 3), lambda: layers.AveragePooling2D(2, padding="same")),
    "pool-sequence": ((7, 3), lambda: layers.MaxPooling1D(3)),
    "pool-volume": ((4, 4, 4, 2), lambda: layers.AveragePooling3D(2)),
}


def network(shape: tuple[int, ...], layer: Any) -> keras.Model:
    """Return the layer alone, with kernels and biases that are not 0."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input(shape), layer])
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=value.shape) for value in model.get_weights()])
    return model


def compare(model: keras.Model, shape: tuple[int, ...]) -> None:
    """Assert that outputs and all gradients are Keras' own."""
    function = network_function(model)
    rows = jnp.asarray(np.random.default_rng(2).normal(size=(3, *shape)), jnp.float32)
    own = [jnp.asarray(value) for value in function.values[: len(function.trainable)]]

    def outputs(way: Convolving) -> Any:
        scope = MemberScope(convolving=way)

        def loss(weights: Any, inputs: Any) -> Any:
            found, _, _ = function.apply(weights, [], [inputs], True, scope)
            # Unequal weights, so that no gradient is a sum that hides where it comes from.
            return (found * jnp.sin(jnp.arange(found.size).reshape(found.shape))).sum(), found

        (_, found), gradients = jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)(own, rows)
        return [found, *jax.tree.leaves(gradients)]

    assert function.has_convolutions
    theirs = outputs(Convolving.OWN)
    for way in (Convolving.PATCHES, Convolving.STEPS):
        for mine, their in zip(outputs(way), theirs, strict=True):
            np.testing.assert_allclose(mine, their, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", MAPS)
def test_outputs_and_gradients_are_those_of_keras(name: str) -> None:
    """Strides, dilation, padding, groups, and one to three axes."""
    shape, make = MAPS[name]
    compare(network(shape, make()), shape)


@pytest.mark.parametrize("name", ["same", "groups", "depthwise", "separable"])
def test_patches_that_do_not_fit_the_cache(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum of products is the same."""
    monkeypatch.setattr(_convolution, "_MOST_BYTES", 0)
    shape, make = MAPS[name]
    compare(network(shape, make()), shape)


def test_channels_may_come_first() -> None:
    """The layer's own format goes in and out."""
    channels = {"data_format": "channels_first"}
    conv = layers.Conv2D(4, 3, strides=2, padding="same", **channels)
    other = network((3, 8, 7), conv)
    function = network_function(other)
    rows = np.random.default_rng(2).normal(size=(2, 3, 8, 7)).astype(np.float32)
    kernel, bias = other.get_weights()
    found, _, _ = function.apply(
        [kernel, bias], [], [rows], False, MemberScope(convolving=Convolving.PATCHES)
    )
    last = network((8, 7, 3), layers.Conv2D(4, 3, strides=2, padding="same"))
    last.set_weights([kernel, bias])
    expected = np.moveaxis(np.asarray(last(np.moveaxis(rows, 1, -1))), -1, 1)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


def pictures() -> Dataset:
    """Return small pictures whose class shows in them."""
    rng = np.random.default_rng(0)
    target = rng.integers(0, 3, 64).astype(np.int32)
    images = rng.normal(size=(64, 8, 8, 1)).astype(np.float32)
    for code in range(3):
        images[target == code, code * 2 : code * 2 + 3] += 1.5
    return Dataset(inputs=(images,), target=target, task=Task.MULTICLASS, class_names=("a", "b", "c"))


@pytest.mark.parametrize("way", Convolving)
def test_a_member_trains_as_fit_does(way: Convolving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A convolutional network with normalization and pooling ends with Keras' weights, each way."""
    monkeypatch.setattr(population_module, "fastest_convolving", lambda _: way)
    model, data = small_network(), pictures()
    curves = population(model, data).train(
        members(learning_rate=0.05), weights=model.get_weights(), shuffle=False
    )
    assert_weights_equal(curves, fitted(model, data), rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("measured_rows", [2048, 20])
def test_steps_and_a_loop_tell_the_same(measured_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Curves, what stops early, averages of weights and predictions, whole chunks or not."""
    settings = [
        Settings(epochs=9, batch_size=16, learning_rate=rate, patience=2, averaging=kind, dropout=0.1)
        for rate, kind in ((0.05, "none"), (0.3, "swa"), (0.02, "ema"), (1e-12, "none"))
    ]
    chosen = members_from(settings, split=[0, 0, 1, 1], seed=[0, 1, 2, 3])
    order = np.arange(64, dtype=np.int32)
    splits = [Split(train=order[:40], validation=order[40:]), Split(train=order[9:], validation=order[:9])]
    monkeypatch.setattr(program_module, "chunk_rows", lambda: 24)
    monkeypatch.setattr(population_module, "chunk_rows", lambda: 24)
    found = []
    for way in (Convolving.PATCHES, Convolving.STEPS):
        monkeypatch.setattr(population_module, "fastest_convolving", lambda _, way=way: way)
        own = population(small_network(), pictures(), splits=splits, measured_rows=measured_rows)
        curves = own.train(chosen)
        found.append((curves, own.predict(curves, chosen, np.arange(50))))
    (looped, said), (stepped, also_said) = found
    assert (looped.results == stepped.results).all()
    assert (looped.num_epochs == stepped.num_epochs).all()
    assert RESULTS.early_stopped in looped.results
    for name in ("train_loss", "validation_loss", "penalty", "running_loss"):
        np.testing.assert_allclose(getattr(stepped, name), getattr(looped, name), rtol=2e-3, atol=1e-5)
    np.testing.assert_allclose(also_said, said, rtol=2e-3, atol=1e-4)


def small_network() -> keras.Model:
    """Return a compiled network with two convolutions."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.DepthwiseConv2D(3, padding="same", use_bias=False),
            layers.LayerNormalization(),
            layers.Conv2D(6, 2, strides=2, activation="tanh"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize(
    ("times", "many", "few"),
    [
        ((1.0, 2.0, 3.0), "own", "own"),
        ((9.0, 2.0, 3.0), "patches", "patches"),
        ((9.0, 2.0, 1.0), "steps", "patches"),
    ],
)
def test_what_is_faster_is_chosen(
    times: tuple[float, ...], many: str, few: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the times of all ways; a call for each update only where an update is much work."""
    monkeypatch.setattr(_convolution, "_times", lambda: dict(zip(Convolving, times, strict=True)))
    assert fastest_convolving(10**6) == many
    assert fastest_convolving(10**3) == few


def test_the_ways_are_timed_once() -> None:
    """Each of them, and no time is 0."""
    assert set(_convolution._times()) == set(Convolving)
    assert min(_convolution._times().values()) > 0
    assert _convolution._times() is _convolution._times()
