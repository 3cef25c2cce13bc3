"""Networks as code: the same layers, the same predictions, nothing that is not Keras."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from model_samples import concatenated, layers, outputs, plain_chain, residual, rows

from wellfit.models import layer_calls, network_code, set_weights, tabular_mlp
from wellfit.records import Task


def _built(code: str) -> keras.Model:
    space: dict[str, object] = {"keras": keras, "np": np}
    exec(code, space)
    return space["build_model"]()  # type: ignore[operator]


def _nested() -> keras.Model:
    inner = keras.Sequential(
        [keras.Input((6,)), layers.Dense(6, kernel_regularizer="l2", name="in")], name="inner net"
    )
    shared = layers.Dense(4, name="shared")
    inputs = keras.Input((6,), name="features")
    x = layers.Add(name="sum")([shared(inner(inputs)), shared(inputs)])
    x = x * 2.0 + inputs[:, :1]
    x = layers.Bidirectional(layers.LSTM(3, dropout=0.1), name="both")(layers.Reshape((4, 1), name="r")(x))
    return keras.Model(inputs, layers.Dense(2, name="head")(x), name="nested")


def _adapted() -> keras.Model:
    norm = layers.Normalization(name="norm")
    norm.adapt(np.random.default_rng(0).normal(2.0, 3.0, size=(50, 6)).astype(np.float32))
    last = layers.Dense(1, activation=layers.LeakyReLU(0.1), kernel_constraint="max_norm", name="head")
    return keras.Sequential([keras.Input((6,)), norm, last], name="adapted")


SAMPLES: dict[str, Callable[[], keras.Model]] = {
    "chain": plain_chain,
    "residual": residual,
    "concatenated": concatenated,
    "tabular": lambda: tabular_mlp(6, Task.BINARY, num_rows=500),
    "nested": _nested,
    "adapted": _adapted,
}


@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_the_code_builds_the_same_network(make: Callable[[], keras.Model]) -> None:
    """Layers have equal names and configs, and predictions are equal once the weights are."""
    model = make()
    code = network_code(model)
    assert code.reason == ""
    built = _built(code.functions)
    names = [layer.name for layer in model.layers if layer.weights]
    assert [layer.name for layer in built.layers if layer.weights or layer.name == "norm"] == names
    kept = [
        w
        for layer in model.layers
        if layer.name != "norm" or built.get_layer("norm").weights
        for w in layer.weights
    ]
    set_weights(built, [np.asarray(keras.ops.convert_to_numpy(weight)) for weight in kept])
    np.testing.assert_allclose(outputs(built, rows(model)), outputs(model, rows(model)), atol=1e-5)


def test_only_what_is_no_default_is_written() -> None:
    """A line reads as a person would have written it."""
    code = network_code(plain_chain()).functions
    assert '            keras.layers.Dense(8, activation="relu", name="first"),\n' in code
    assert '            keras.layers.Dropout(0.2, name="drop"),\n' in code
    assert '            keras.layers.BatchNormalization(name="norm"),\n' in code
    assert "trainable" not in code
    assert "dtype" not in code


def test_frozen_layers_stay_frozen() -> None:
    """What does not learn says so."""
    model = plain_chain()
    model.get_layer("first").trainable = False
    code = network_code(model).functions
    assert 'keras.layers.Dense(8, activation="relu", trainable=False, name="first")' in code
    assert not _built(code).get_layer("first").trainable


def test_names_cannot_run_code() -> None:
    """Names of layers are text in the code, whatever they hold."""
    name = 'a"); raise SystemExit("'
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1, name=name)], name=name)
    assert _built(network_code(model).functions).layers[0].name == name


def test_large_networks_and_own_code_are_not_written_out() -> None:
    """The reason is said in place of the code."""
    deep = keras.Sequential([keras.Input((3,)), *(layers.Dense(3) for _ in range(61))])
    assert network_code(deep).reason == "it has 61 layers"

    class Own(layers.Layer):
        """A layer that is not part of Keras."""

        def call(self, x: object) -> object:
            """Return the input."""
            return x

    own = keras.Sequential([keras.Input((3,)), Own(name="own"), layers.Dense(1)])
    code = network_code(own)
    assert code.functions == ""
    assert "own" in code.reason


def test_layers_are_listed_with_what_they_read() -> None:
    """Each has its arguments by name, and the layer before it."""
    found = {layer.name: layer for layer in layer_calls(plain_chain())}
    assert found["drop"].arguments == {"rate": "0.2", "name": '"drop"'}
    assert (found["first"].after, found["drop"].after) == ("", "first")
