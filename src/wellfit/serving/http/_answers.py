"""From ``[row, output]`` to what clients get."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from wellfit.serving._rows import Array
from wellfit.serving._signature import Signature


def labels(signature: Signature, values: Array) -> list[str]:
    """Return the class of each row."""
    names = signature.class_names
    return [names[code] for code in values.argmax(axis=1).tolist()] if len(values) else []


def output_names(signature: Signature) -> list[str]:
    """Return the names that `wellfit predict` gives its columns."""
    if signature.class_names:
        return ["prediction", *(f"probability_{name}" for name in signature.class_names)]
    if signature.num_outputs == 1:
        return ["prediction"]
    return [f"prediction_{place}" for place in range(signature.num_outputs)]


def records(signature: Signature, values: Array) -> list[dict[str, Any]]:
    """Return an object for each row, with what `wellfit predict` writes."""
    names = output_names(signature)
    return [dict(zip(names, row, strict=True)) for row in _cells(signature, values, values.tolist())]


def csv_text(signature: Signature, values: Array) -> bytes:
    """Return the file that `wellfit predict` writes."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(output_names(signature))
    # The shortest text that names the number of 32 bits.
    writer.writerows(_cells(signature, values, values.astype(str).tolist()))
    return stream.getvalue().encode()


def _cells(signature: Signature, values: Array, rows: list[list[Any]]) -> Iterable[list[Any]]:
    if not signature.class_names:
        return rows
    return ([label, *row] for label, row in zip(labels(signature, values), rows, strict=True))
