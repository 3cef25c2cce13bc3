"""A network's graph in smaller numbers; what is before and after the network keeps its own.

Cells of a table and pictures go to 1e38 and lose what they say in 16 bits, and probabilities are what people
read: so preprocessing and the last step stay as they are, and the network alone changes.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from wellfit.formats._format import Precision
from wellfit.records import UnsupportedModelError

Array = Any

_CALIBRATED = 32
"""Rows at a time, while ranges of values are found."""


def reduced_network(network: onnx.ModelProto, precision: Precision, rows: Sequence[Array]) -> onnx.ModelProto:
    """Return the graph of a network with smaller numbers.

    float16 rounds weights and what is computed, with inputs and outputs in float32. int8 makes whole numbers
    of the weights: of dense and recurrent layers alone, whose inputs are rounded as they come; where there
    are convolutions, also of what goes between layers, in ranges that `rows` show.

    Args:
        network: from `network_graph`.
        precision: float16 or int8.
        rows: what the network takes, for each of its inputs.

    Raises:
        UnsupportedModelError: ONNX Runtime cannot convert it.

    Source:
        Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
        Inference, 2018.
    """
    has_convolutions = any(node.op_type in ("Conv", "ConvTranspose") for node in network.graph.node)
    try:
        with _quiet(), _own_modules():
            if precision == "float16":
                return _float16(network)
            return _written(lambda path: _int8(network, path, rows if has_convolutions else None))
    except Exception as error:  # its errors have no common base
        raise UnsupportedModelError(
            f"this network cannot be written in {precision}.",
            received=f"{type(error).__name__}: {error}".partition("\n")[0][:300],
            expected="operations that ONNX Runtime's own converter knows",
            fix="leave --precision out",
        ) from error


def _float16(network: onnx.ModelProto) -> onnx.ModelProto:
    from onnxruntime.transformers.float16 import convert_float_to_float16  # noqa: PLC0415
    from onnxruntime.transformers.onnx_model import OnnxModel  # noqa: PLC0415

    reduced = OnnxModel(convert_float_to_float16(network, keep_io_types=True))
    # Casts of what comes in stand at the end, behind what takes them.
    reduced.topological_sort()
    return reduced.model


def _int8(network: onnx.ModelProto, path: Path, rows: Sequence[Array] | None) -> None:
    from onnxruntime import quantization  # noqa: PLC0415

    names = [value.name for value in network.graph.input]
    folded = path.with_name("folded.onnx")
    _fold(network, folded)
    if rows is None:
        quantization.quantize_dynamic(folded, path, per_channel=True)
        return
    # Sums, maxima and slices between them gain nothing from being rounded.
    kinds = ["Conv", "MatMul", "Gemm"]
    reader = _reader(names, rows)
    quantization.quantize_static(
        folded,
        path,
        reader,
        per_channel=True,
        op_types_to_quantize=kinds,
        activation_type=quantization.QuantType.QUInt8,
    )


def _fold(network: onnx.ModelProto, path: Path) -> None:
    """Write a network with its constants computed: a kernel that is turned first would stay as large."""
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(network.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _reader(names: Sequence[str], rows: Sequence[Array]) -> Any:
    from onnxruntime.quantization import CalibrationDataReader  # noqa: PLC0415

    class Reader(CalibrationDataReader):
        """Hands the rows over, some at a time."""

        def __init__(self) -> None:
            starts = range(0, len(rows[0]), _CALIBRATED)
            self._parts: Iterator[dict[str, Array]] = iter(
                {
                    name: np.asarray(values[start : start + _CALIBRATED])
                    for name, values in zip(names, rows, strict=True)
                }
                for start in starts
            )

        def get_next(self) -> Any:
            return next(self._parts, None)

    return Reader()


def _written(write: Callable[[Path], None]) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        write(path)
        return onnx.load(path)


@contextmanager
def _own_modules() -> Iterator[None]:
    """Let ONNX Runtime find modules that it imports as if they lay at the top, and forget the place again."""
    import onnxruntime  # noqa: PLC0415

    before = list(sys.path)
    sys.path.insert(0, str(Path(onnxruntime.__file__).parent / "transformers"))
    try:
        yield
    finally:
        sys.path[:] = before


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence advice that the converters log."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
