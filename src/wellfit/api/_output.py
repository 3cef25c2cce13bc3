"""The output folder: written whole or not at all."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from wellfit._version import __version__
from wellfit.api._code import saved_rows
from wellfit.api._provenance import provenance
from wellfit.api._sample import write_sample
from wellfit.api._study import Study
from wellfit.api._study_file import is_unfinished
from wellfit.drift import reference_json
from wellfit.files import sync_folder
from wellfit.models import save_plain
from wellfit.records import (
    Formula,
    OutputError,
    Scaling,
    StoreError,
    UnsupportedModelError,
    WellfitError,
)
from wellfit.report import model_card, write_html, write_json
from wellfit.serving import digest_of
from wellfit.store import FolderLock

RESULTS = (
    "report.html",
    "trials.json",
    "train.py",
    "train.npz",
    "sample.parquet",
    "sample.npz",
    "sample-target.npy",
    "model.keras",
    "bundle",
    "export",
)
"""What a study writes beside ``report.json``, where there is such a thing."""


def check_folder(folder: Path, *, overwrite: bool, is_own: bool = False) -> None:
    """Raise before any work is done if a study could not be written to `folder` at its end.

    Args:
        folder: where to.
        overwrite: whether an earlier study may be replaced.
        is_own: whether this process holds the folder.

    Raises:
        OutputError: it is a file or below one, is not empty and may not be replaced, cannot be written, or
            cannot be a name.
    """
    try:
        _check(folder, overwrite=overwrite, is_own=is_own)
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links; a null in the name
        if isinstance(error, WellfitError):
            raise
        raise OutputError(
            f"{folder} cannot be a folder for a study.",
            received=str(error),
            expected="a folder that can be made and written",
            fix="choose another --out",
        ) from error


def _check(folder: Path, *, overwrite: bool, is_own: bool) -> None:
    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise OutputError(
            f"{folder} is a file.",
            received=str(folder),
            expected="a folder that does not exist or is empty",
            fix="choose another --out",
        )
    if folder.is_dir() and not is_own and FolderLock.is_held(folder):
        raise OutputError(
            f"another study runs in {folder}.",
            received="a folder that a living process works on",
            expected="a folder that does not exist or is empty",
            fix="wait until it ends, or choose another --out",
        )
    entries = contents(folder)
    if entries and not overwrite:
        is_begun = is_unfinished(folder)
        other = f"go on with it by wellfit resume {folder}" if is_begun else "choose another --out"
        raise OutputError(
            f"{folder} {'holds a study that has not come to its end' if is_begun else 'is not empty'}.",
            received=f"a folder with {len(entries)} entries",
            expected="a folder that does not exist or is empty",
            fix=f"{other}, or pass --overwrite to replace an earlier study",
        )
    if entries and not {"report.json", "study.json"} & set(entries):
        raise OutputError(
            f"{folder} does not hold a study, so it is not replaced.",
            received="a folder without report.json",
            expected="an earlier study, or an empty folder",
            fix="choose another --out",
        )
    parent = folder.parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir():
        raise OutputError(
            f"{parent} is a file.",
            received=str(parent),
            expected="a folder that does not exist or is empty",
            fix="choose another --out",
        )
    if not os.access(parent, os.W_OK | os.X_OK) or (folder.is_dir() and not os.access(folder, os.W_OK)):
        raise OutputError(
            f"{folder} cannot be written.",
            received=f"no permission to write in {parent}",
            expected="a folder that can be written",
            fix="choose another --out",
        )


def contents(folder: Path) -> list[str]:
    """Return the names in a folder, without what a study leaves that was killed before it had begun."""
    if not folder.is_dir():
        return []
    names = sorted(path.name for path in folder.iterdir())
    known = "study.json" in names
    begun = [name for name in names if name.startswith(("study.lock", "trials.db", ".study.json-"))]
    return [name for name in names if known or name not in begun]


def write_study(study: Study, folder: Path) -> Path:
    """Write report, network, bundle and trials to `folder`: each appears whole, and the report last.

    An earlier study's results go when all of the new ones are written and on the disk.

    Returns:
        The folder.

    Raises:
        StoreError: the folder cannot be written; what it held before is still there.
    """
    folder = folder.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder, prefix=".draft-"))
        try:
            _fill(study, draft)
            _sync(draft)
            _settle(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        if isinstance(error, WellfitError) and not isinstance(error, OutputError):
            raise
        raise StoreError(
            f"the results cannot be written to {folder}.",
            received=error.received if isinstance(error, OutputError) else f"{type(error).__name__}: {error}",
            expected="a folder that can be written, and room on the disk",
            fix=f"make room, then: wellfit resume {folder}",
        ) from error
    return folder


def _sync(folder: Path) -> None:
    """Have all that a folder holds on the disk when this returns."""
    for path in folder.rglob("*"):
        if path.is_dir():
            sync_folder(path)
            continue
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    sync_folder(folder)


def _settle(draft: Path, folder: Path) -> None:
    """Move results to their places; while some are old and some new, there is no report."""
    (folder / "report.json").unlink(missing_ok=True)
    for name in RESULTS:
        old, new = folder / name, draft / name
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink(missing_ok=True)
        if new.exists():
            os.replace(new, old)
    os.replace(draft / "report.json", folder / "report.json")
    sync_folder(folder)


def _fill(study: Study, draft: Path) -> None:
    write_json(study.report, draft / "report.json")
    write_html(study.report, draft / "report.html")
    (draft / "trials.json").write_text(json.dumps(_strict(list(study.trials)), indent=1), "utf-8")
    if study.model is None:
        return
    _write_code(study, draft)
    if study.sample is not None:
        write_sample(study.sample, draft)
    try:
        save_plain(study.model, draft / "model.keras")
    except UnsupportedModelError:
        # A network with code of its own cannot be a plain file; a note in the report says so.
        return
    bundle = draft / "bundle"
    bundle.mkdir()
    shutil.copyfile(draft / "model.keras", bundle / "network.keras")
    if study.encoder is not None:
        (bundle / "encoder.json").write_text(study.encoder.to_json(), "utf-8")
    (bundle / "scaling.json").write_text(json.dumps([scaling_to_json(s) for s in study.scalings]), "utf-8")
    if study.formulas:
        (bundle / "features.json").write_text(json.dumps([asdict(one) for one in study.formulas]), "utf-8")
    _write_origin(study, bundle)
    if study.reference is not None:
        (bundle / "reference.json").write_text(reference_json(study.reference), "utf-8")
    is_more = bool(study.formulas) or any(s is not None and s.rotation is not None for s in study.scalings)
    manifest = {
        "version": 2 if is_more else 1,
        "wellfit": __version__,
        "task": str(study.report.task),
        "class_names": list(study.report.class_names),
        "from_logits": study.from_logits,
        "metric": study.report.metric.name,
        "picture_fit": study.picture_fit,
        "picture_depth": study.picture_depth,
        "files": {path.name: digest_of(path) for path in sorted(bundle.iterdir())},
    }
    (bundle / "bundle.json").write_text(json.dumps(manifest, indent=1), "utf-8")


def _write_origin(study: Study, bundle: Path) -> None:
    """Write what a stranger needs to know: where the network comes from, and its model card."""
    known = provenance(study.report, study.data_sha256)
    (bundle / "provenance.json").write_text(json.dumps(_strict(known), indent=1), "utf-8")
    (bundle / "README.md").write_text(model_card(study.report), "utf-8")


def _write_code(study: Study, draft: Path) -> None:
    """Write the script that trains the network, and the rows that it reads if they are not too large."""
    if study.recipe is None or not study.report.code:
        return
    (draft / "train.py").write_text(study.report.code, "utf-8")
    rows = saved_rows(study.recipe)
    if rows:
        np.savez(draft / "train.npz", **rows)  # pyright: ignore[reportArgumentType]


def scaling_to_json(scaling: Scaling | None) -> dict[str, Any] | None:
    """Return a scaling as plain JSON; infinite bounds become null."""
    if scaling is None:
        return None
    fields = ("fill", "low", "high", "center", "inverse_scale", "mask")
    values: dict[str, Any] = {
        name: [float(v) if math.isfinite(v) else None for v in getattr(scaling, name)] for name in fields
    }
    for name, table in (("knots", scaling.knots), ("rotation", scaling.rotation)):
        values[name] = None if table is None else np.asarray(table, float).tolist()
    return values


def scaling_from_json(values: dict[str, Any] | None) -> Scaling | None:
    """Return the scaling that `scaling_to_json` wrote."""
    if values is None:
        return None
    unbounded = {"low": -np.inf, "high": np.inf}
    arrays = {
        name: np.array([unbounded.get(name, np.nan) if v is None else v for v in values[name]], np.float32)
        for name in ("fill", "low", "high", "center", "inverse_scale", "mask")
    }
    tables = {name: values.get(name) for name in ("knots", "rotation")}  # earlier bundles have no rotation
    arrays |= {name: np.array(table, np.float32) for name, table in tables.items() if table is not None}
    return Scaling(**arrays)


def formulas_from_json(values: list[dict[str, Any]]) -> tuple[Formula, ...]:
    """Return the created features that a bundle tells."""
    return tuple(Formula(**{**one, "columns": tuple(one["columns"])}) for one in values)


def _strict(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(k): _strict(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(v) for v in value]
    return value
