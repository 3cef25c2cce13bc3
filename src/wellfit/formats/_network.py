"""A network of Keras as a graph of ONNX."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import onnx

from wellfit.formats._convertible import convertible
from wellfit.formats._graph import OPSET
from wellfit.records import UnsupportedModelError

Model = Any


def network_graph(model: Model) -> onnx.ModelProto:
    """Return `model` in inference mode as a graph for any number of rows.

    Args:
        model: of Keras, on its JAX backend.

    Raises:
        UnsupportedModelError: an operation of it has no equal in ONNX that jax2onnx knows.
    """
    import jax2onnx  # noqa: PLC0415 - part of the extra "export"

    rows = [
        jax.ShapeDtypeStruct(("row", *tensor.shape[1:]), np.dtype(tensor.dtype)) for tensor in model.inputs
    ]

    def predict(*arrays: Any) -> Any:
        return model(arrays[0] if len(arrays) == 1 else list(arrays), training=False)

    try:
        return jax2onnx.to_onnx(convertible(predict), inputs=rows, opset=OPSET, return_mode="proto")
    except Exception as error:  # every plugin raises its own
        raise UnsupportedModelError(
            "this network cannot be written as an ONNX graph.",
            received=f"{type(error).__name__}: {error}".partition("\n")[0][:300],
            expected="layers whose operations ONNX has",
            fix="serve it with Keras, or replace that layer",
        ) from error
