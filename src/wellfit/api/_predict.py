"""New rows through a written study."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from wellfit.api._final import as_predictions, prepared_inputs
from wellfit.api._output import READABLE_VERSIONS, formulas_from_json, scaling_from_json
from wellfit.api._picture_rows import picture_inputs
from wellfit.data import (
    Encoder,
    Table,
    encode_table,
    picture_paths,
    predictions_frame,
    read_table,
    with_paths,
    write_frame,
)
from wellfit.models import load_model, predict_plain
from wellfit.records import DataError, FileReadError, Task


def predict(
    folder: str | Path, data: Any, *, out: str | Path | None = None, reading: dict[str, Any] | None = None
) -> Any:
    """Predict rows with the network that a study handed back.

    Columns may come in any order; columns that the network does not see are ignored; categories that it
    has not seen count as unknown. The target may be there or not.

    Args:
        folder: a study's output folder.
        data: a file, frame or table of rows; or a picture, a folder of pictures at any
            depth, or a table file of paths.
        out: where to write the predictions (CSV, Parquet or JSON lines by its ending), or None.
        reading: options of `read_table`.

    Returns:
        A polars frame, one row a row of `data`, in order: ``prediction``, and for classes
        ``probability_<class>``; for pictures ``path`` comes first.

    Raises:
        FileReadError: the folder holds no network, or a file of it was changed.
        DataError: the rows do not fit.
    """
    bundle = Path(folder) / "bundle"
    manifest = _manifest(bundle)
    _verify(bundle, manifest)
    if manifest.get("picture_fit"):
        return _written(_of_pictures(bundle, manifest, data, reading), out)
    if not (bundle / "encoder.json").exists():
        raise DataError(
            "this study was made on arrays, so that it cannot read a table.",
            received=str(data),
            expected="a study made with target=",
            fix="load model.keras with Keras and pass it arrays",
        )
    encoder = Encoder.from_json((bundle / "encoder.json").read_text("utf-8"))
    scalings = tuple(scaling_from_json(s) for s in json.loads((bundle / "scaling.json").read_text("utf-8")))
    table = data if isinstance(data, Table) else read_table(data, **(reading or {}))
    inputs = list(encode_table(encoder, table, with_target=False).dataset.inputs)
    created = bundle / "features.json"
    formulas = formulas_from_json(json.loads(created.read_text("utf-8"))) if created.exists() else ()
    model = load_model(bundle / "network.keras")
    outputs = predict_plain(model, prepared_inputs(inputs, formulas, scalings))
    values = as_predictions(outputs, Task(manifest["task"]), bool(manifest["from_logits"]))
    return _written(predictions_frame(values, tuple(manifest["class_names"])), out)


def _of_pictures(bundle: Path, manifest: dict[str, Any], data: Any, reading: dict[str, Any] | None) -> Any:
    """Return a row for each picture, with its path; a damaged file is an error that names it."""
    model = load_model(bundle / "network.keras")
    paths = picture_paths(data, reading)
    outputs = predict_plain(model, [picture_inputs(model, paths, manifest["picture_fit"])])
    values = as_predictions(outputs, Task(manifest["task"]), bool(manifest["from_logits"]))
    frame = predictions_frame(values, tuple(manifest["class_names"]))
    return with_paths(frame, paths)


def _written(frame: Any, out: str | Path | None) -> Any:
    if out is not None:
        write_frame(frame, out)
    return frame


def _manifest(bundle: Path) -> dict[str, Any]:
    path = bundle / "bundle.json"
    if not path.is_file():
        raise FileReadError(
            f"{bundle.parent} holds no network.",
            received="a folder without bundle/bundle.json",
            expected="the output folder of a study that came to its end, of a network that can be written",
            fix="run wellfit improve with --out first; report.html of a study without a network says why",
        )
    try:
        manifest = json.loads(path.read_text("utf-8"))
        version = manifest["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise FileReadError(
            f"{path} cannot be read.",
            received=f"{type(error).__name__}: {error}",
            expected="the manifest that a study wrote",
            fix="run the study again",
        ) from error
    if version not in READABLE_VERSIONS:
        raise FileReadError(
            f"{bundle} has another format.",
            received=f"version {version}",
            expected=f"version {' or '.join(map(str, READABLE_VERSIONS))}",
            fix="predict with the wellfit that wrote it, or run the study again",
        )
    return manifest


def _verify(bundle: Path, manifest: dict[str, Any]) -> None:
    for name, digest in manifest["files"].items():
        path = bundle / name
        if (
            Path(name).name != name
            or not path.is_file()
            or hashlib.sha256(path.read_bytes()).hexdigest() != digest
        ):
            raise FileReadError(
                f"{path} is missing or was changed.",
                received="another checksum than the manifest's",
                expected="the files that the study wrote",
                fix="run the study again, or copy the folder anew",
            )
