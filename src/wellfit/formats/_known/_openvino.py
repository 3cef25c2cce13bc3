"""OpenVINO: its own form (`.xml` and `.bin`) of the ONNX graph that begins at the features."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wellfit.formats._format import Batch, Format
from wellfit.formats._predictor import Predictor

Array = Any
_FILE = "model.xml"


def _write(predictor: Predictor, path: Path) -> None:
    import onnx  # noqa: PLC0415
    import openvino  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

    from wellfit.formats._study_graph import study_graph  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "model.onnx"
        onnx.save(study_graph(replace(predictor, encoder=None), with_labels=False), graph)
        model = openvino.convert_model(graph)
        # Its weights are read until it is saved, so the graph must be there until then.
        openvino.save_model(model, path / _FILE, compress_to_fp16=False)


def _predict(path: Path, batches: Sequence[Batch]) -> list[Array]:
    import openvino  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

    # Whole numbers alone: processors that compute in bfloat16 do so unless they are told not to.
    compiled = openvino.Core().compile_model(path / _FILE, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return [next(iter(compiled(dict(batch)).values())).copy() for batch in batches]


OPENVINO = Format(
    name="openvino",
    file="openvino",
    takes="features",
    packages=("openvino", "onnx", "jax2onnx"),
    install="openvino 'wellfit[export]'",
    write=_write,
    predict=_predict,
)
