"""What a bundle's graph takes and returns, as data that needs no other library to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from wellfit.records import FileReadError, Task

CellKind = Literal["number", "boolean", "label", "time"]
InputKind = Literal["table", "pictures", "arrays"]

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Column:
    """One raw column of a table.

    Attributes:
        name: as in the training data.
        tensor: the graph's input that takes it, ``[row, 1]``: float64 for numbers and booleans (missing is
            NaN), text for labels and times (missing is empty; times are written as 2026-01-31T23:59:00).
        kind: how its cells are read.
        time_format: how times were written in the training data, in the directives of `datetime.strptime`;
            empty for ISO 8601.
        examples: a few values, to show what is expected.
        sentinels: numbers that stand for a missing cell; the graph knows them, too.
    """

    name: str
    tensor: str
    kind: CellKind
    time_format: str = ""
    examples: tuple[str, ...] = ()
    sentinels: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ArrayInput:
    """One array that the graph takes, pictures included.

    Attributes:
        tensor: the graph's input.
        shape: of one row.
        dtype: such as "float32" or "uint8".
    """

    tensor: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a bundle's graph takes and returns.

    Attributes:
        kind: what a row is: cells of named columns, a picture, or arrays.
        task: binary, multiclass or regression.
        columns: of a table, in the order of the training data; else empty.
        arrays: of pictures and arrays; else empty.
        class_names: labels in code order; empty for regression.
        num_outputs: columns of the output: classes (two if binary), or predicted values.
        picture_fit: how pictures of other sizes become the network's, "pad" or "crop"; else empty.

    The graph's outputs are ``prediction`` (``[row]`` text for classes, ``[row, output]`` float32 else) and,
    for classes, ``probabilities`` (``[row, class]`` float32).
    """

    kind: InputKind
    task: Task
    columns: tuple[Column, ...] = ()
    arrays: tuple[ArrayInput, ...] = ()
    class_names: tuple[str, ...] = ()
    num_outputs: int = 1
    picture_fit: str = ""

    def to_json(self) -> str:
        """Return the signature as JSON text; `signature_from_json` reads it back."""
        return json.dumps({"version": VERSION, **asdict(self)}, indent=1)


def signature_from_json(text: str | bytes) -> Signature:
    """Return the signature that `Signature.to_json` wrote, from text or from the bytes of its file.

    Raises:
        FileReadError: the text is not such a signature.
    """
    try:
        return _from_record(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileReadError(
            "this is not the signature of a bundle.",
            received=f"{type(error).__name__}: {error}",
            expected=f"signature.json, version {VERSION}, as wellfit export writes it",
            fix="export the study again",
        ) from error


def _from_record(record: Mapping[str, Any]) -> Signature:
    if record["version"] != VERSION:
        raise ValueError(f"version {record['version']!r}")
    known = {name: value for name, value in record.items() if name != "version"}
    known["task"] = Task(record["task"])
    known["columns"] = tuple(_column(one) for one in record["columns"])
    known["arrays"] = tuple(_array(one) for one in record["arrays"])
    known["class_names"] = tuple(str(name) for name in record["class_names"])
    known["num_outputs"] = int(record["num_outputs"])
    signature = Signature(**known)
    if signature.kind not in ("table", "pictures", "arrays"):
        raise ValueError(f"kind {signature.kind!r}")
    is_table = signature.kind == "table"
    if bool(signature.columns) != is_table or bool(signature.arrays) == is_table:
        raise ValueError("a table has columns, and all others have arrays")
    return signature


def _column(record: Mapping[str, Any]) -> Column:
    if record["kind"] not in ("number", "boolean", "label", "time"):
        raise ValueError(f"a column of kind {record['kind']!r}")
    if not all(isinstance(record[name], str) for name in ("name", "tensor", "time_format")):
        raise TypeError("names must be text")
    sentinels = tuple(float(value) for value in record.get("sentinels", ()))
    return Column(**{**record, "examples": tuple(record["examples"]), "sentinels": sentinels})


def _array(record: Mapping[str, Any]) -> ArrayInput:
    return ArrayInput(**{**record, "shape": tuple(int(size) for size in record["shape"])})
