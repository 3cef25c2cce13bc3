"""Rows in use held against those that a study was made on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._final import as_predictions
from wellfit.api._picture_rows import picture_inputs
from wellfit.api._predictor import TablePredictor, table_predictor
from wellfit.api._reference import watched_pictures
from wellfit.data import (
    Table,
    encode_table,
    picture_labels,
    picture_paths,
    read_table,
    watched_columns,
)
from wellfit.drift import Drift, Reference, compare, count, reference_from_json
from wellfit.evaluation import score_intervals
from wellfit.models import load_model, predict_plain
from wellfit.records import DataError, FileReadError, Scored, TargetError, Task, shorten
from wellfit.serving import read_manifest

Array = NDArray[Any]


def monitor(folder: str | Path, data: Any, *, reading: dict[str, Any] | None = None) -> Drift:
    """Say whether rows in use are still those that a network was trained for.

    Columns, and what the network says, are held against the study's rows by tests that find something in at
    most 5 % of all samples in which nothing changed. Without labels the score that is to be expected is
    estimated; where the target column is there, or pictures lie in sub-folders of their classes, the true
    score is held against the holdout's.

    Args:
        folder: a study's output folder.
        data: a file, frame or table of rows, as for `wellfit.predict`; or a picture, a folder of pictures at
            any depth, or a table file of paths.
        reading: options of `read_table`.

    Returns:
        A record: ``advice`` is fine, watch or retrain; ``reasons`` says why; ``columns``, ``predictions``,
        ``expected`` and ``measured`` hold the figures.

    Raises:
        FileReadError: the folder holds no network, or nothing to hold rows against.
        DataError: the rows do not fit, or there are none.
    """
    bundle = Path(folder) / "bundle"
    manifest = read_manifest(bundle)
    reference = read_reference(bundle, manifest)
    if manifest.get("picture_fit"):
        return _of_pictures(bundle, manifest, reference, data, reading)
    predictor = table_predictor(bundle, manifest)
    table = data if isinstance(data, Table) else read_table(data, **(reading or {}))
    _refuse_empty(table.num_rows, table.name)
    prediction = predictor.probabilities(table)
    target, note = _target(predictor, table)
    columns = {name: values for name, (_, values) in watched_columns(predictor.encoder, table).items()}
    window = count(reference, columns, prediction, target=target)
    drift = compare(reference, window, score=_score(reference, prediction, target))
    return replace(drift, notes=(*drift.notes, note)) if note else drift


def read_reference(bundle: Path, manifest: dict[str, Any]) -> Reference:
    """Return the reference of a bundle whose files were verified.

    Raises:
        FileReadError: the bundle was written before there were references, or it is damaged.
    """
    if "reference.json" not in manifest["files"]:
        raise FileReadError(
            f"{bundle.parent} has nothing to hold new rows against.",
            received=f"a bundle that wellfit {manifest.get('wellfit', 'of an earlier version')} wrote",
            expected="a bundle with reference.json, which studies write now",
            fix="run the study again",
        )
    return reference_from_json((bundle / "reference.json").read_bytes())


def _of_pictures(
    bundle: Path, manifest: dict[str, Any], reference: Reference, data: Any, reading: dict[str, Any] | None
) -> Drift:
    model = load_model(bundle / "network.keras")
    paths = picture_paths(data, reading)
    pictures = picture_inputs(model, paths, manifest["picture_fit"], manifest.get("picture_depth"))
    task = Task(manifest["task"])
    prediction = as_predictions(predict_plain(model, [pictures]), task, bool(manifest["from_logits"]))
    columns = {name: values for name, (_, values) in watched_pictures(pictures).items()}
    target, note = _picture_target(picture_labels(data, reference.class_names, reading), reference)
    window = count(reference, columns, prediction, target=target)
    drift = compare(reference, window, score=_score(reference, prediction, target))
    return replace(drift, notes=(*drift.notes, note)) if note else drift


def _picture_target(labels: Sequence[str | None], reference: Reference) -> tuple[Array | None, str]:
    """Return ``[picture]`` codes (-1: not known), None where there are none, and why they cannot be used."""
    codes = {name: code for code, name in enumerate(reference.class_names)}
    new = sorted({label for label in labels if label is not None and label not in codes})
    if new:
        return None, f"The labels are not used: classes that the network does not know ({shorten(new)})."
    found = np.array([codes.get(label or "", -1) for label in labels], np.int32)
    return (found if (found >= 0).any() else None), ""


def _target(predictor: TablePredictor, table: Table) -> tuple[Array | None, str]:
    """Return ``[row]`` codes (-1: not known) or ``[row, output]`` values (NaN); None where there are none.

    The text says why labels that are there cannot be used: a class that is new is no reason to say nothing of
    all the rest.
    """
    encoder = predictor.encoder
    if encoder.target.name not in table.column_names or not table.frame[encoder.target.name].count():
        return None, ""
    try:
        encoded = encode_table(encoder, table, with_target=True)
    except TargetError as error:
        return None, f"The labels are not used: {error.summary} Received: {error.received}."
    known = encoded.dataset.target
    if encoder.target.task.is_classification:
        target: Array = np.full(table.num_rows, -1, np.int32)
    else:
        target = np.full((table.num_rows, known.shape[1]), np.nan)
    target[encoded.rows] = known
    return target, ""


def _score(reference: Reference, prediction: Array, target: Array | None) -> Scored | None:
    """Return the score of the rows with labels in the study's metric; None where nothing is known of them."""
    if target is None:
        return None
    rows = target >= 0 if reference.task.is_classification else np.isfinite(target).all(axis=1)
    rows &= np.isfinite(prediction.reshape(len(prediction), -1)).all(axis=1)
    if not rows.any():
        return None
    return score_intervals(reference.task, target[rows], prediction[rows]).get(reference.metric)


def _refuse_empty(num_rows: int, name: str) -> None:
    if not num_rows:
        raise DataError(
            f"{name} has no rows.",
            received="0 rows",
            expected="rows that the network was or will be asked about",
            fix="give a table with rows",
        )
