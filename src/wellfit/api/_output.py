"""The output folder: written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import tempfile
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from wellfit._version import __version__
from wellfit.api._code import saved_rows
from wellfit.api._place import put
from wellfit.api._study import Study
from wellfit.models import save_plain
from wellfit.records import Formula, OutputError, Scaling, UnsupportedModelError
from wellfit.report import write_html, write_json

READABLE_VERSIONS = (1, 2)
"""Versions of the bundle: 2 has created features or a rotation, which an earlier reader would leave out."""


def write_study(study: Study, folder: Path, *, overwrite: bool) -> Path:
    """Write report, network, bundle and trials to `folder`, which appears complete or not at all.

    Returns:
        The folder that was written: another one beside it, ``study-2``, where something came to be in
        `folder` while the study ran; one in the system's folder for temporary files, with a warning, where
        nothing can be written there any more, such as on a full disk.

    Raises:
        OutputError: neither folder can be written.
    """
    try:
        return put(folder, lambda draft: _fill(study, draft), overwrite=overwrite)
    except OSError as error:
        spare = Path(tempfile.gettempdir()) / folder.absolute().name
        try:
            written = put(spare, lambda draft: _fill(study, draft), overwrite=False)
        except OSError:
            raise OutputError(
                f"{folder} cannot be written.",
                received=f"{type(error).__name__}: {error}",
                expected="a folder that can be written, and room on the disk",
                fix="choose another --out",
            ) from error
        warnings.warn(
            f"{folder} cannot be written any more ({_reason(error)}); the study is in {written}",
            RuntimeWarning,
            stacklevel=3,
        )
        return written


def _reason(error: OSError) -> str:
    """Return what the operating system said, or the first line of the error."""
    causes = (error, error.__cause__)
    said = [one.strerror for one in causes if isinstance(one, OSError) and one.strerror]
    return said[0] if said else str(error).partition("\n")[0]


def _fill(study: Study, draft: Path) -> None:
    write_json(study.report, draft / "report.json")
    write_html(study.report, draft / "report.html")
    (draft / "trials.json").write_text(json.dumps(_strict(list(study.trials)), indent=1), "utf-8")
    if study.model is None:
        return
    _write_code(study, draft)
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
        "files": {path.name: _sha256(path) for path in sorted(bundle.iterdir())},
    }
    (bundle / "bundle.json").write_text(json.dumps(manifest, indent=1), "utf-8")


def _write_code(study: Study, draft: Path) -> None:
    """Write the script that trains the network, and the rows that it reads if they are not too large."""
    if study.recipe is None or not study.report.code:
        return
    (draft / "train.py").write_text(study.report.code, "utf-8")
    rows = saved_rows(study.recipe)
    if rows:
        np.savez(draft / "train.npz", **rows)  # pyright: ignore[reportArgumentType]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
