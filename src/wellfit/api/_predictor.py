"""The network of a written study together with what its rows go through first, read once and kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wellfit.api._final import as_predictions, prepared_inputs
from wellfit.api._output import READABLE_VERSIONS, formulas_from_json, scaling_from_json
from wellfit.data import Encoder, Table, encode_table, predictions_frame
from wellfit.models import Model, load_model, predict_plain
from wellfit.records import DataError, FileReadError, Formula, Scaling, Task, WellfitError


@dataclass(frozen=True, kw_only=True, eq=False)
class TablePredictor:
    """What predicts rows of a table.

    Attributes:
        model: the network.
        encoder: from cells to inputs.
        scalings: what its inputs go through first, one for each input.
        formulas: of the features that are added to its float input before they are scaled.
        task: binary, multiclass or regression.
        class_names: labels in code order; empty for regression.
        from_logits: whether the network's outputs are logits.
    """

    model: Model
    encoder: Encoder
    scalings: tuple[Scaling | None, ...]
    formulas: tuple[Formula, ...]
    task: Task
    class_names: tuple[str, ...]
    from_logits: bool

    def predict(self, table: Table) -> Any:
        """Return a polars frame, one row a row of `table`, in order; see `wellfit.predict`."""
        inputs = list(encode_table(self.encoder, table, with_target=False).dataset.inputs)
        outputs = predict_plain(self.model, prepared_inputs(inputs, self.formulas, self.scalings))
        return predictions_frame(as_predictions(outputs, self.task, self.from_logits), self.class_names)


def table_predictor(bundle: Path, manifest: dict[str, Any]) -> TablePredictor:
    """Return what a bundle holds.

    Args:
        bundle: the folder ``bundle`` of a study.
        manifest: from `read_manifest`.

    Raises:
        DataError: the study was made on pictures or on arrays.
    """
    if not (bundle / "encoder.json").exists():
        kind = "pictures" if manifest.get("picture_fit") else "arrays"
        raise DataError(
            f"this study was made on {kind}, so that it cannot read a table.",
            received=str(bundle.parent),
            expected="a study made with target=",
            fix="load model.keras with Keras and pass it arrays",
        )
    try:
        return _read_predictor(bundle, manifest)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, WellfitError):
            raise
        raise FileReadError(
            f"{bundle} is damaged.",
            received=f"{type(error).__name__}: {error}",
            expected="the files that a study wrote",
            fix="run the study again, or copy the folder anew",
        ) from error


def _read_predictor(bundle: Path, manifest: dict[str, Any]) -> TablePredictor:
    scalings = json.loads((bundle / "scaling.json").read_text("utf-8"))
    created = bundle / "features.json"
    return TablePredictor(
        model=load_model(bundle / "network.keras"),
        encoder=Encoder.from_json((bundle / "encoder.json").read_text("utf-8")),
        scalings=tuple(scaling_from_json(one) for one in scalings),
        formulas=formulas_from_json(json.loads(created.read_text("utf-8"))) if created.exists() else (),
        task=Task(manifest["task"]),
        class_names=tuple(manifest["class_names"]),
        from_logits=bool(manifest["from_logits"]),
    )


def read_manifest(bundle: Path) -> dict[str, Any]:
    """Return the manifest of a bundle whose files are as they were written.

    Raises:
        FileReadError: there is none, it has another format, or a file was changed.
    """
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
        version, files = manifest["version"], dict(manifest["files"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
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
    _verify(bundle, files)
    return manifest


def _verify(bundle: Path, files: dict[str, Any]) -> None:
    for name, digest in files.items():
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
