"""OpenVINO: its own form (`.xml` and `.bin`) of the ONNX graph that begins at the features.

Importing it sends word of that to its makers, from a process that it forks, where the package for it is
installed. It works in a worker, which has no such package and no threads of JAX that a fork would lose.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wellfit.formats._format import Batch
from wellfit.formats._in_worker import worker_format
from wellfit.formats._predictor import Predictor

Array = Any
_FILE = "model.xml"


def _draft(predictor: Predictor, folder: Path) -> str:
    import onnx  # noqa: PLC0415

    from wellfit.formats._study_graph import study_graph  # noqa: PLC0415

    onnx.save(study_graph(replace(predictor, encoder=None), with_labels=False), folder / "network.onnx")
    return "network.onnx"


def convert(network: Path, target: Path) -> None:
    """Write a graph, all numbers as they are."""
    openvino = _openvino()
    target.mkdir()
    openvino.save_model(openvino.Core().read_model(network), target / _FILE, compress_to_fp16=False)


def run(path: Path, batches: Sequence[Batch]) -> list[Array]:
    """Return what OpenVINO says of each batch."""
    # Processors that compute in 16 bits do so unless they are told not to.
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = _openvino().Core().compile_model(str(path / _FILE), "CPU", exact)
    return [compiled(list(batch.values()))[0].copy() for batch in batches]


def _openvino() -> Any:
    # A module that is None cannot be imported, and OpenVINO goes on without it.
    sys.modules["openvino_telemetry"] = None  # pyright: ignore[reportArgumentType]
    import openvino  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

    return openvino


OPENVINO = worker_format(
    __name__,
    name="openvino",
    file="openvino",
    packages=("openvino", "onnx", "jax2onnx"),
    install="openvino 'wellfit[export]'",
    draft=_draft,
)
