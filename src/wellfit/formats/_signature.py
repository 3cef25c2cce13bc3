"""What the graph of a study takes and returns; known without writing it."""

from __future__ import annotations

from wellfit.data import Encoder, detail_list
from wellfit.formats._predictor import Predictor
from wellfit.records import ColumnSchema, Task
from wellfit.serving import ArrayInput, Column, Signature

OUTPUTS = ("prediction", "probabilities")
_NUM_EXAMPLES = 3


def signature_of(predictor: Predictor) -> Signature:
    """Return what the graph of a study takes and returns."""
    encoder = predictor.encoder
    num_outputs = int(predictor.model.outputs[0].shape[-1])
    return Signature(
        kind="table" if encoder is not None else ("pictures" if predictor.picture_fit else "arrays"),
        task=predictor.task,
        columns=() if encoder is None else _columns(encoder),
        arrays=_arrays(predictor) if encoder is None else (),
        class_names=predictor.class_names,
        num_outputs=num_outputs if predictor.task is Task.REGRESSION else max(num_outputs, 2),
        picture_fit=predictor.picture_fit,
    )


def _columns(encoder: Encoder) -> tuple[Column, ...]:
    return tuple(_column(column) for column in encoder.used_columns)


def _column(column: ColumnSchema) -> Column:
    # An empty name means "not there" in ONNX, and outputs have names of their own.
    tensor = column.name if column.name and column.name not in OUTPUTS else f"column {column.name}"
    if column.kind in ("category", "ordinal"):
        examples = tuple(detail_list(column, "categories")[:_NUM_EXAMPLES])
        return Column(name=column.name, tensor=tensor, kind="label", examples=examples)
    if column.kind == "datetime":
        pattern = str(column.details["format"]).replace("%.f", ".%f").replace("%:z", "%z")
        return Column(name=column.name, tensor=tensor, kind="time", time_format=pattern)
    kind = "boolean" if column.details["words"] else "number"
    sentinels = tuple(float(value) for value in detail_list(column, "sentinels"))
    return Column(name=column.name, tensor=tensor, kind=kind, sentinels=sentinels)


def _arrays(predictor: Predictor) -> tuple[ArrayInput, ...]:
    arrays: list[ArrayInput] = []
    created = len(predictor.formulas)
    for tensor, scaling in zip(predictor.model.inputs, predictor.scalings, strict=True):
        shape = tuple(int(size) for size in tensor.shape[1:])
        if created and scaling is not None:
            # The network's input has the created features, too; they belong to the first such input.
            shape, created = (shape[0] - created,), 0
        # Pictures are bytes; those with more than eight bits do not fit.
        is_bytes = bool(predictor.picture_fit) and predictor.picture_depth is None
        name = "pictures" if predictor.picture_fit else str(tensor.name)
        arrays.append(ArrayInput(tensor=name, shape=shape, dtype="uint8" if is_bytes else str(tensor.dtype)))
    return tuple(arrays)
