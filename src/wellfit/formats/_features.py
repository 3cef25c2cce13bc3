"""What formats take that begin at the study's encoded features."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from wellfit.data import detail_list
from wellfit.formats._predictor import Predictor
from wellfit.formats._signature import signature_of
from wellfit.models import feature_network
from wellfit.records import ColumnSchema, Task
from wellfit.serving import ArrayInput

Model = Any


def feature_arrays(predictor: Predictor) -> tuple[ArrayInput, ...]:
    """Return the arrays that a network from features takes, in order."""
    return signature_of(replace(predictor, encoder=None)).arrays


def network_of(predictor: Predictor) -> Model:
    """Return the whole way from features to probabilities or values as one Keras network."""
    return feature_network(
        predictor.model,
        [(array.tensor, array.shape, array.dtype) for array in feature_arrays(predictor)],
        predictor.scalings,
        task=predictor.task,
        formulas=predictor.formulas,
        from_logits=predictor.from_logits,
    )


def features_json(predictor: Predictor) -> str:
    """Return what whoever feeds the network must know: the features in order, missing ones, the outputs."""
    encoder, arrays = predictor.encoder, feature_arrays(predictor)
    inputs: list[dict[str, Any]] = [
        {"name": array.tensor, "shape": list(array.shape), "dtype": array.dtype, "missing": _missing(array)}
        for array in arrays
    ]
    if encoder is not None:
        told = [{"features": list(encoder.feature_names)}] if encoder.matrix_columns else []
        told += [_codes(column) for column in encoder.category_inputs]
        inputs = [{**one, **more} for one, more in zip(inputs, told, strict=True)]
    is_values = predictor.task is Task.REGRESSION
    output = {"kind": "values" if is_values else "probabilities", "class_names": list(predictor.class_names)}
    return json.dumps({"version": 1, "inputs": inputs, "output": output}, indent=1, ensure_ascii=False)


def _missing(array: ArrayInput) -> str | None:
    return "NaN" if array.dtype.startswith("float") and len(array.shape) == 1 else None


def _codes(column: ColumnSchema) -> dict[str, Any]:
    """Return what each code stands for, the code of what was never seen first; see `Encoder`."""
    missing = ["(missing)"] if column.details["missing_level"] else []
    codes = ["(unseen)", *detail_list(column, "categories"), *missing]
    fill = str(column.details["fill"] or "")
    said = missing[0] if missing else fill or codes[0]
    return {"column": column.name, "codes": codes, "missing": codes.index(said) if said in codes else 0}
