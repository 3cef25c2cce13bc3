"""The network of a written study together with what its rows go through first, read once and kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wellfit.api._final import as_predictions, prepared_inputs
from wellfit.api._output import formulas_from_json, scaling_from_json
from wellfit.data import Encoder, Table, encode_table, predictions_frame
from wellfit.models import Model, load_model, predict_plain
from wellfit.records import DataError, Formula, Scaling, Task


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
