"""A bundle ready to predict: its files verified, its graph in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wellfit.records import DataError, FileReadError, SettingsError, shorten
from wellfit.serving._manifest import read_manifest
from wellfit.serving._rows import Array, RowReader
from wellfit.serving._signature import ArrayInput, Signature, signature_from_json

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

GRAPH = "model.onnx"
_TYPES = {
    "number": "tensor(double)",
    "boolean": "tensor(double)",
    "label": "tensor(string)",
    "time": "tensor(string)",
    "float32": "tensor(float)",
    "float64": "tensor(double)",
    **{name: f"tensor({name})" for name in ("uint8", "int8", "uint16", "int16", "int32", "int64")},
}
SIGNATURE = "signature.json"


@dataclass(frozen=True, kw_only=True, eq=False)
class Servable:
    """What predicts: a graph that takes raw rows.

    Attributes:
        folder: the bundle.
        manifest: what bundle.json says.
        signature: what the graph takes and returns.
        reader: of rows of a table.
        session: ONNX Runtime's; may be run from several threads.
    """

    folder: Path
    manifest: Mapping[str, object]
    signature: Signature
    reader: RowReader
    session: InferenceSession

    def run(self, tensors: Mapping[str, Array]) -> Array:
        """Return ``[row, class]`` probabilities, or ``[row, output]`` predicted values, float32.

        Args:
            tensors: for each input of the graph, as many rows in each; from `RowReader.tensors` for a table.
        """
        if len(next(iter(tensors.values()))) == 0:
            return np.empty((0, self.signature.num_outputs), np.float32)
        asked = "probabilities" if self.signature.class_names else "prediction"
        return self.session.run([asked], dict(tensors))[0]  # pyright: ignore[reportReturnType]


def load_servable(folder: Path, *, num_threads: int = 1) -> Servable:
    """Return the bundle of a study, verified and loaded; neither Keras nor JAX is imported.

    Args:
        folder: the bundle, or the study's folder that holds it.
        num_threads: that ONNX Runtime may use for one call; 0 leaves it to it.

    Raises:
        FileReadError: there is no bundle, a file was changed, or it holds no graph.
    """
    bundle = folder / "bundle" if (folder / "bundle").is_dir() else folder
    manifest = read_manifest(bundle)
    files = manifest.get("files")
    if not isinstance(files, dict) or GRAPH not in files or SIGNATURE not in files:
        raise FileReadError(
            f"{bundle} holds no ONNX graph.",
            received=f"a bundle without {GRAPH}",
            expected="a bundle that was exported",
            fix=f"run wellfit export {folder} --format onnx",
        )
    signature = signature_from_json((bundle / SIGNATURE).read_bytes())
    session = _session(bundle / GRAPH, num_threads)
    _check_graph(bundle, signature, session)
    return Servable(
        folder=bundle,
        manifest=manifest,
        signature=signature,
        reader=RowReader(signature),
        session=session,
    )


def _session(path: Path, num_threads: int) -> InferenceSession:
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common base
        raise FileReadError(
            f"{path} cannot be loaded.",
            received=f"{type(error).__name__}: {error}".partition("\n")[0][:300],
            expected="the graph that wellfit export wrote, and a recent onnxruntime",
            fix="pip install --upgrade onnxruntime, or export the study again",
        ) from error


def _onnxruntime() -> Any:
    try:
        import onnxruntime  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            "ONNX Runtime is not installed.",
            received="no package onnxruntime",
            expected="what predicts from an exported network",
            fix="pip install 'wellfit[serve]'",
        ) from error
    return onnxruntime


def _check_graph(bundle: Path, signature: Signature, session: InferenceSession) -> None:
    """Raise if a graph does not take and return what its signature says."""
    said = {column.tensor: _TYPES[column.kind] for column in signature.columns}
    said |= {array.tensor: _TYPES.get(array.dtype, array.dtype) for array in signature.arrays}
    taken = {one.name: one.type for one in session.get_inputs()}
    returned = {one.name: one.shape for one in session.get_outputs()}
    asked = "probabilities" if signature.class_names else "prediction"
    is_whole = len(said) == len(signature.columns) + len(signature.arrays)
    width = returned.get(asked, [None])[-1]
    has_names = len(signature.class_names) in (0, signature.num_outputs)
    if not is_whole or said != taken or width != signature.num_outputs or not has_names:
        raise FileReadError(
            f"{bundle / SIGNATURE} does not fit its graph.",
            received=f"a graph that takes {shorten(taken)}; {asked} has {width} columns",
            expected=f"one that takes {shorten(said)}; {signature.num_outputs} columns",
            fix="export the study again",
        )


def check_tensors(signature: Signature, tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Return arrays as the graph takes them, for pictures and arrays.

    Raises:
        DataError: an array is missing, or has another shape; or a value is no number.
    """
    checked: dict[str, Array] = {}
    for one in signature.arrays:
        if one.tensor not in tensors:
            raise DataError(
                f"input {one.tensor!r} is missing.",
                received=f"inputs: {', '.join(tensors) or 'none'}",
                expected=f"{one.tensor!r} of shape [row, {', '.join(map(str, one.shape))}]",
                fix="add the input",
            )
        values = np.asarray(tensors[one.tensor])
        if values.ndim == 0 or values.shape[1:] != one.shape or values.dtype.kind not in "biuf":
            raise DataError(
                f"input {one.tensor!r} has another shape or type.",
                received=f"{values.dtype} of shape {list(values.shape)}",
                expected=f"{one.dtype} of shape [row, {', '.join(map(str, one.shape))}]",
                fix="give one array of numbers of this shape for each row",
            )
        checked[one.tensor] = _as_dtype(one, values)
    if len({len(values) for values in checked.values()}) > 1:
        raise DataError(
            "the inputs have different numbers of rows.",
            received=", ".join(f"{name}: {len(values)}" for name, values in checked.items()),
            expected="as many rows in each input",
            fix="give each input for the same rows",
        )
    return checked


def _as_dtype(one: ArrayInput, values: Array) -> Array:
    """Return numbers in the graph's type; what that type cannot hold is refused, not wrapped around."""
    wanted = np.dtype(one.dtype)
    if wanted.kind in "iu":
        limits = np.iinfo(wanted)
        is_held = (values >= limits.min) & (values <= limits.max) & (np.trunc(values) == values)
        if not is_held.all():
            raise DataError(
                f"input {one.tensor!r} holds a number that is no {one.dtype}.",
                received=str(values[~is_held].flat[0]),
                expected=f"whole numbers from {limits.min} to {limits.max}",
                fix="give numbers as they were in the training data, before any scaling",
            )
    with np.errstate(over="ignore"):
        return values.astype(wanted)
