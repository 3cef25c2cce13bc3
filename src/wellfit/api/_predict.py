"""New rows through a written study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wellfit.api._final import as_predictions
from wellfit.api._picture_rows import picture_inputs
from wellfit.api._predictor import table_predictor
from wellfit.api._study_file import refuse_unfinished
from wellfit.data import Table, picture_paths, predictions_frame, read_table, with_paths, write_frame
from wellfit.models import load_model, predict_plain
from wellfit.records import Task
from wellfit.serving import read_manifest


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
    refuse_unfinished(Path(folder))
    bundle = Path(folder) / "bundle"
    manifest = read_manifest(bundle)
    if manifest.get("picture_fit"):
        return _written(_of_pictures(bundle, manifest, data, reading), out)
    predictor = table_predictor(bundle, manifest)
    table = data if isinstance(data, Table) else read_table(data, **(reading or {}))
    return _written(predictor.predict(table), out)


def _of_pictures(bundle: Path, manifest: dict[str, Any], data: Any, reading: dict[str, Any] | None) -> Any:
    """Return a row for each picture, with its path; a damaged file is an error that names it."""
    model = load_model(bundle / "network.keras")
    paths = picture_paths(data, reading)
    pictures = picture_inputs(model, paths, manifest["picture_fit"], manifest.get("picture_depth"))
    outputs = predict_plain(model, [pictures])
    values = as_predictions(outputs, Task(manifest["task"]), bool(manifest["from_logits"]))
    frame = predictions_frame(values, tuple(manifest["class_names"]))
    return with_paths(frame, paths)


def _written(frame: Any, out: str | Path | None) -> Any:
    if out is not None:
        write_frame(frame, out)
    return frame
