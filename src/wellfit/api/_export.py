"""The network of a study in the format of another runtime, tried there before it is handed over."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from wellfit.api._predictor import predictions_of, read_predictor
from wellfit.api._sample import NUM_ROWS, Sample, read_sample
from wellfit.formats import (
    FORMATS,
    Batch,
    Format,
    Predictor,
    check_packages,
    feature_arrays,
    features_json,
    signature_of,
)
from wellfit.records import OutputError, SettingsError, did_you_mean
from wellfit.serving import GRAPH, SIGNATURE, RowReader, digest_of, read_manifest

ABSOLUTE, RELATIVE = 1e-5, 1e-4
"""How far predictions may differ, as in `numpy.allclose`: float32 sums in another order differ, too."""

BATCHES = (1, NUM_ROWS)


def export(folder: str | Path, format: str = "onnx", *, out: str | Path | None = None) -> Path:
    """Write the network of a study for another runtime, once it has predicted the same rows there.

    What was written is loaded again by its own runtime and predicts 1 and 257 rows of the holdout. Where a
    prediction differs from that of the study by more than 1e-5 + 1e-4 times its size, the export fails and
    leaves nothing behind.

    Args:
        folder: a study's output folder.
        format: "onnx", which takes raw rows; or one that takes the study's encoded features.
        out: where to write to. ONNX goes into the study's bundle if None, where `wellfit serve` finds it, and
            other formats go to ``export`` in the study's folder.

    Returns:
        Where it was written.

    Raises:
        SettingsError: there is no such format, or a package that it needs is missing.
        FileReadError: the folder holds no network, or no rows to try it on.
        UnsupportedModelError: the network has an operation that the format lacks.
        OutputError: the place cannot be written, or what was written predicts something else.

    Example:
        >>> import wellfit as wf
        >>> wf.export("wellfit-churn")  # doctest: +SKIP
        PosixPath('wellfit-churn/bundle/model.onnx')
    """
    folder, chosen = Path(folder), _find(format)
    bundle = folder / "bundle"
    manifest = read_manifest(bundle)
    check_packages(chosen)
    sample = read_sample(folder)
    predictor = read_predictor(bundle, manifest)
    into_bundle = out is None and chosen.takes == "rows"
    target = bundle / chosen.file if into_bundle else Path(out or folder / "export" / chosen.file)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as draft:
            written = Path(draft) / chosen.file
            chosen.write(predictor, written)
            _compare(chosen, predictor, sample, written)
            _place(written, target)
            if chosen.takes == "features":
                name = "features.json" if out is None else f"{target.stem}.features.json"
                _write_text(target.parent / name, features_json(predictor))
        if into_bundle:
            _add_to_manifest(bundle, manifest, predictor)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"{target} cannot be written.",
            received=f"{type(error).__name__}: {error}",
            expected="a place that can be written, and room on the disk",
            fix="choose another place",
        ) from error
    return target


def _find(name: str) -> Format:
    if name in FORMATS:
        return FORMATS[name]
    raise SettingsError(
        f"there is no format {name!r}.",
        received=f"format={name!r}",
        expected=", ".join(FORMATS),
        fix=did_you_mean(name, FORMATS) or "choose one of these",
    )


def _compare(format: Format, predictor: Predictor, sample: Sample, written: Path) -> None:
    held = [sample.rows(number) for number in BATCHES]
    batches = [_batch(format, predictor, rows) for rows in held]
    for rows, found in zip(held, format.predict(written, batches), strict=True):
        wanted = predictions_of(predictor, rows.arrays(predictor.encoder))
        if not _are_close(found, wanted):
            raise OutputError(
                f"what was written as {format.name} predicts something else, so it was removed.",
                received=_difference(found, wanted),
                expected=f"the study's predictions to {ABSOLUTE:g} and {RELATIVE:g} of their size",
                fix="report the network's layers as a bug; serve it with Keras meanwhile",
            )


def _are_close(found: np.ndarray, wanted: np.ndarray) -> bool:
    if found.shape != wanted.shape:
        return False
    absolute = ABSOLUTE * max(float(np.abs(wanted).max()), 1.0)
    return np.allclose(found, wanted, rtol=RELATIVE, atol=absolute, equal_nan=True)


def _difference(found: np.ndarray, wanted: np.ndarray) -> str:
    number = len(wanted)
    if found.shape != wanted.shape:
        return f"outputs of shape {list(found.shape)} for {number} rows in place of {list(wanted.shape)}"
    return f"a difference of {float(np.nanmax(np.abs(found - wanted))):.3g} among {number} rows"


def _batch(format: Format, predictor: Predictor, sample: Sample) -> Batch:
    """Return rows as a format takes them; raw ones cell by cell, as a server reads them."""
    signature = signature_of(predictor)
    if format.takes == "rows" and sample.table is not None:
        reader = RowReader(signature)
        return reader.tensors(reader.read_columns(sample.table.frame.to_dict(as_series=False)))
    arrays = zip(feature_arrays(predictor), sample.arrays(predictor.encoder), strict=True)
    return {array.tensor: values.astype(array.dtype) for array, values in arrays}


def _place(written: Path, target: Path) -> None:
    """Put what was written in its place at once; what was there goes."""
    if not written.is_dir():
        with written.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(written, target)
        return
    if target.exists():
        shutil.rmtree(target)
    written.rename(target)


def _add_to_manifest(bundle: Path, manifest: dict[str, Any], predictor: Predictor) -> None:
    """Tell of the graph last, so that whoever watches the manifest finds the files it names."""
    _write_text(bundle / SIGNATURE, signature_of(predictor).to_json())
    added = {name: digest_of(bundle / name) for name in (GRAPH, SIGNATURE)}
    changed = {**manifest, "files": {**manifest["files"], **added}}
    _write_text(bundle / "bundle.json", json.dumps(changed, indent=1))


def _write_text(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}-draft")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
