"""Rows as a network's training data had them, to show what is expected."""

from __future__ import annotations

import math
from typing import Any

from wellfit.serving._cells import WrongCellError, read_number
from wellfit.serving._signature import Column, Signature
from wellfit.serving.http._model import Model


def example_row(signature: Signature) -> dict[str, Any]:
    """Return an object of cells by column, or of arrays of zeros by input."""
    if signature.kind == "table":
        return {column.name: _example(column) for column in signature.columns}
    return {one.tensor: _zeros(one.shape) for one in signature.arrays}


def example_tensors(model: Model) -> list[dict[str, Any]]:
    """Return the same row as inputs of the V2 protocol."""
    signature = model.signature
    if signature.kind != "table":
        return [
            {
                "name": one.tensor,
                "shape": [1, *one.shape],
                "datatype": one.dtype.upper().replace("FLOAT", "FP"),
                "data": [_zeros(one.shape)],
            }
            for one in signature.arrays
        ]
    return [
        {
            "name": column.name,
            "shape": [1],
            "datatype": "FP64" if isinstance(cell, float) else "BYTES",
            "data": [cell],
        }
        for column, cell in ((column, _example(column)) for column in signature.columns)
    ]


def _example(column: Column) -> Any:
    """Return the first example: a number where the column has numbers, else text."""
    text = column.examples[0] if column.examples else None
    if column.kind != "number":
        return text
    try:
        number = read_number(text)
    except WrongCellError:
        return None
    return None if math.isnan(number) else number


def _zeros(shape: tuple[int, ...]) -> Any:
    return [_zeros(shape[1:]) for _ in range(shape[0])] if shape else 0
