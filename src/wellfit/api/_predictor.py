"""The network of a written study together with what its rows go through first, read once and kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from wellfit.api._final import as_predictions, prepared_inputs
from wellfit.api._output import formulas_from_json, scaling_from_json
from wellfit.data import Encoder, Table, encode_table, predictions_frame, read_table
from wellfit.formats import Predictor
from wellfit.models import load_model, predict_plain
from wellfit.records import DataError, FileReadError, FloatArray, Task, WellfitError, shorten


@dataclass(frozen=True, kw_only=True, eq=False)
class TablePredictor(Predictor):
    """What predicts rows of a table."""

    encoder: Encoder

    def predict(self, table: Table) -> Any:
        """Return a polars frame, one row a row of `table`, in order; see `wellfit.predict`."""
        return predictions_frame(self.probabilities(table), self.class_names)

    def probabilities(self, table: Table) -> NDArray[Any]:
        """Return ``[row, class]`` probabilities or ``[row, output]`` values of a table's rows, in order."""
        inputs = list(encode_table(self.encoder, table, with_target=False).dataset.inputs)
        return predictions_of(self, inputs)


def predictions_of(predictor: Predictor, inputs: list[Any]) -> FloatArray:
    """Return ``[row, class]`` probabilities or ``[row, output]`` values of inputs that are not yet scaled."""
    prepared = prepared_inputs(inputs, predictor.formulas, predictor.scalings)
    return as_predictions(predict_plain(predictor.model, prepared), predictor.task, predictor.from_logits)


def read_predictor(bundle: Path, manifest: dict[str, Any]) -> Predictor:
    """Return what a bundle holds.

    Args:
        bundle: the folder ``bundle`` of a study.
        manifest: from `read_manifest`.

    Raises:
        FileReadError: its files do not hold what they should, although they have the manifest's checksums.
    """
    try:
        predictor = _read(bundle, manifest)
        _check_whole(predictor)
        return predictor
    except WellfitError:
        raise
    # What a stranger wrote in its files raises whatever reading, encoding and scaling raise on it.
    except Exception as error:
        raise FileReadError(
            f"{bundle} is damaged.",
            received=f"{type(error).__name__}: {error}",
            expected="the files that a study wrote",
            fix="run the study again, or copy the folder anew",
        ) from error


def _read(bundle: Path, manifest: dict[str, Any]) -> Predictor:
    encoder, created = bundle / "encoder.json", bundle / "features.json"
    scalings = json.loads((bundle / "scaling.json").read_text("utf-8"))
    return Predictor(
        model=load_model(bundle / "network.keras"),
        encoder=Encoder.from_json(encoder.read_text("utf-8")) if encoder.exists() else None,
        scalings=tuple(scaling_from_json(one) for one in scalings),
        formulas=formulas_from_json(json.loads(created.read_text("utf-8"))) if created.exists() else (),
        task=Task(manifest["task"]),
        class_names=tuple(manifest["class_names"]),
        from_logits=bool(manifest["from_logits"]),
        picture_fit=str(manifest.get("picture_fit", "")),
        picture_depth=manifest.get("picture_depth"),
    )


def _check_whole(predictor: Predictor) -> None:
    """Take two rows up to the network, one without a cell; raise whatever that raises if parts do not fit."""
    encoder, scalings = predictor.encoder, predictor.scalings
    places = [tuple(tensor.shape) for tensor in predictor.model.inputs]
    if len(places) != len(scalings):
        raise ValueError(f"{len(scalings)} scalings for {len(places)} inputs")
    if not all(isinstance(name, str) for name in predictor.class_names):
        raise TypeError("names of classes must be text")
    if len(set(predictor.class_names)) != len(predictor.class_names):
        raise ValueError("a class is named twice")
    width, num_classes = predictor.model.output_shape[-1], len(predictor.class_names)
    if bool(num_classes) != predictor.task.is_classification or num_classes == 1:
        raise ValueError(f"{num_classes} classes of a {predictor.task} target")
    if num_classes and width != num_classes and (width, num_classes) != (1, 2):
        raise ValueError(f"{num_classes} classes of a network with {width} outputs")
    if encoder is None:
        return
    if encoder.target.class_names != predictor.class_names:
        raise ValueError(f"classes {shorten(encoder.target.class_names)} of the encoder are others")
    cells = {column.name: [None, "1"] for column in encoder.used_columns}
    inputs = list(encode_table(encoder, read_table(cells), with_target=False, strict=False).dataset.inputs)
    for place, values in zip(places, prepared_inputs(inputs, predictor.formulas, scalings), strict=True):
        if values.ndim > len(place) or (values.ndim == 2 and place[-1] not in (None, values.shape[-1])):
            raise ValueError(f"rows of shape {values.shape[1:]} for an input of {place[1:]}")


def table_predictor(bundle: Path, manifest: dict[str, Any]) -> TablePredictor:
    """Return what a bundle holds, if it predicts rows of a table.

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
    found = read_predictor(bundle, manifest)
    return TablePredictor(**{field.name: getattr(found, field.name) for field in fields(found)})
