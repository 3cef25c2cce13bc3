"""Smaller numbers in a network's graph: half the bytes, or a quarter, and nearly the same outputs."""

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers
from onnx import TensorProto

from wellfit.formats._network import network_graph
from wellfit.formats._precision import reduced_network

TYPES = {"float16": TensorProto.FLOAT16, "int8": TensorProto.INT8}


def dense() -> keras.Model:
    """Layers whose inputs are rounded as they come."""
    return keras.Sequential([keras.Input((8,)), layers.Dense(32, "relu"), layers.Dense(2)])


def convolutional() -> keras.Model:
    """Layers whose inputs are rounded in ranges that rows show."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )


def predicted(graph, rows) -> np.ndarray:
    """Return what ONNX Runtime says."""
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    return session.run(None, {session.get_inputs()[0].name: rows})[0]


@pytest.mark.parametrize("build", [dense, convolutional])
@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_weights_are_small_and_outputs_nearly_the_same(build, precision):
    """For one row and for several; inputs and outputs stay float32."""
    keras.utils.set_random_seed(1)
    graph = network_graph(build())
    rows = np.random.default_rng(0).normal(size=(50, *build().input_shape[1:])).astype("float32")
    found = reduced_network(graph, precision, [rows])
    types = [one.data_type for one in found.graph.initializer if np.prod(one.dims) > 8]
    assert types.count(TYPES[precision]) >= 2
    wanted = predicted(graph, rows)
    assert wanted.dtype == predicted(found, rows).dtype == np.float32
    difference = predicted(found, rows) - wanted
    assert 0 < np.abs(difference).max() < (0.01 if precision == "float16" else 0.1) * np.ptp(wanted)
    np.testing.assert_allclose(
        predicted(found, rows[:1]), predicted(found, rows)[:1], atol=0.1 * np.ptp(wanted)
    )
