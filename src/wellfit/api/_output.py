"""The output folder: written whole or not at all."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from wellfit._version import __version__
from wellfit.api._code import saved_rows
from wellfit.api._provenance import provenance
from wellfit.api._sample import write_sample
from wellfit.api._study import Study
from wellfit.drift import reference_json
from wellfit.models import save_plain
from wellfit.records import Formula, OutputError, Scaling, UnsupportedModelError
from wellfit.report import model_card, write_html, write_json
from wellfit.serving import digest_of


def check_folder(folder: Path, *, overwrite: bool) -> None:
    """Raise before any work is done if a study could not be written to `folder` at its end.

    Raises:
        OutputError: it is a file, is not empty and may not be replaced, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(
            f"{folder} is a file.",
            received=str(folder),
            expected="a folder that does not exist or is empty",
            fix="choose another --out",
        )
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise OutputError(
            f"{folder} is not empty.",
            received=f"a folder with {sum(1 for _ in folder.iterdir())} entries",
            expected="a folder that does not exist or is empty",
            fix="choose another --out, or pass --overwrite to replace an earlier study",
        )
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "report.json").exists():
        raise OutputError(
            f"{folder} does not hold a study, so it is not replaced.",
            received="a folder without report.json",
            expected="an earlier study, or an empty folder",
            fix="choose another --out",
        )
    parent = folder.absolute().parent
    while not parent.exists():
        parent = parent.parent
    if not os.access(parent, os.W_OK | os.X_OK) or (folder.is_dir() and not os.access(folder, os.W_OK)):
        raise OutputError(
            f"{folder} cannot be written.",
            received=f"no permission to write in {parent}",
            expected="a folder that can be written",
            fix="choose another --out",
        )


def write_study(study: Study, folder: Path, *, overwrite: bool) -> Path:
    """Write report, network, bundle and trials to `folder`, which appears complete or not at all.

    Returns:
        The folder that was written: another one beside it, ``study-2``, where something came to be in
        `folder` while the study ran, such as a study that was started into it at the same time.

    Raises:
        OutputError: the folder cannot be written.
    """
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
        try:
            _fill(study, draft)
            draft.chmod(0o755)
            folder = place_now(folder, overwrite=overwrite)
            _move(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"{folder} cannot be written.",
            received=f"{type(error).__name__}: {error}",
            expected="a folder that can be written, and room on the disk",
            fix="choose another --out",
        ) from error
    return folder


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


def _move(draft: Path, folder: Path) -> None:
    """Put the draft in its place; an earlier study goes only when the new one is complete."""
    if not folder.exists():
        draft.rename(folder)
        return
    old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-old-"))
    folder.rename(old / "study")
    draft.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def place_now(folder: Path, *, overwrite: bool) -> Path:
    """Return `folder`, or the first free place beside it if it may no longer be replaced: no work is lost.

    Args:
        folder: where the study was to go.
        overwrite: whether it may take the place of an earlier study.

    Raises:
        OutputError: nothing is there, and nothing can be written there.
    """
    try:
        check_folder(folder, overwrite=overwrite)
    except OutputError:
        if not folder.exists():
            raise
        names = (folder.with_name(f"{folder.name}-{number}") for number in count(2))
        return next(place for place in names if not place.exists())
    return folder


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
