"""ONNX: one graph from raw cells to labels and probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wellfit.formats._format import Batch, Format, Precision
from wellfit.formats._predictor import Predictor

Array = Any


def _write(predictor: Predictor, path: Path) -> None:
    import onnx  # noqa: PLC0415

    from wellfit.formats._study_graph import study_graph  # noqa: PLC0415

    onnx.save(study_graph(predictor), path)


def _write_reduced(predictor: Predictor, path: Path, precision: Precision, rows: Sequence[Array]) -> None:
    import onnx  # noqa: PLC0415

    from wellfit.formats._precision import reduced_network  # noqa: PLC0415
    from wellfit.formats._study_graph import study_graph  # noqa: PLC0415

    graph = study_graph(predictor, change=lambda network: reduced_network(network, precision, rows))
    onnx.save(graph, path)


def _predict(path: Path, batches: Sequence[Batch]) -> list[Array]:
    from onnxruntime import InferenceSession  # noqa: PLC0415

    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    asked = "probabilities" if "probabilities" in names else "prediction"
    return [session.run([asked], dict(batch))[0] for batch in batches]


ONNX = Format(
    name="onnx",
    file="model.onnx",
    takes="rows",
    packages=("onnx", "jax2onnx", "onnxruntime"),
    install="'wellfit[export]'",
    write=_write,
    predict=_predict,
    write_reduced=_write_reduced,
)
