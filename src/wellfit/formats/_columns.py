"""Raw columns to features, as nodes: what `wellfit.data` does to cells, in the graph itself."""

from __future__ import annotations

from itertools import product

import numpy as np

from wellfit.data import Encoder, detail_list, num_codes
from wellfit.formats._graph import ML, Graph
from wellfit.formats._times import time_features
from wellfit.records import ColumnSchema, cell_text

# A missing cell's text in all its cases: what changes the case in a graph depends on a locale of the system.
_MISSING = tuple(
    "".join(letters)
    for name in cell_text.MISSING
    for letters in product(*(sorted({letter, letter.upper()}) for letter in name))
)


def encoded_inputs(graph: Graph, encoder: Encoder, tensors: dict[str, str]) -> list[str]:
    """Return the names of what the encoder makes of raw columns, before scaling.

    Args:
        graph: where nodes are added.
        encoder: of the study.
        tensors: column name to the graph's input ``[row, 1]``.

    Returns:
        ``[row, feature]`` float32 if there are such features, then ``[row, 1]`` int32 for each column of
        categories that has an input of its own.
    """
    codes = [
        graph.cast(_codes(graph, column, tensors[column.name]), "int32") for column in encoder.category_inputs
    ]
    if not encoder.matrix_columns:
        return codes
    one_hot = encoder.preparation.encoding == "one_hot"
    parts = [
        part
        for column in encoder.matrix_columns
        for part in _features(graph, column, tensors[column.name], one_hot, encoder)
    ]
    return [parts[0] if len(parts) == 1 else graph.op("Concat", *parts, axis=1), *codes]


def _features(graph: Graph, column: ColumnSchema, tensor: str, one_hot: bool, encoder: Encoder) -> list[str]:
    """Return ``[row, n]`` float32 parts of the matrix that come from one column."""
    if column.kind == "category" and one_hot:
        levels = graph.constant(np.arange(1, num_codes(column), dtype=np.int64))
        return [graph.cast(graph.op("Equal", _codes(graph, column, tensor), levels), "float32")]
    if column.kind == "category":
        return [graph.cast(_codes(graph, column, tensor), "float32")]
    if column.kind == "ordinal":
        return [_ranks(graph, column, tensor)]
    if column.kind == "datetime":
        return time_features(graph, tensor, detail_list(column, "parts"))
    return _numbers(graph, column, tensor, with_indicator=encoder.preparation.features != "raw")


def _codes(graph: Graph, column: ColumnSchema, tensor: str) -> str:
    """Return ``[row, 1]`` int64: 0 for unseen labels, then the categories, then missing where it counts."""
    categories = detail_list(column, "categories")
    known = {name: code for code, name in enumerate(categories, 1)}
    missing = len(categories) + 1 if column.details["missing_level"] else 0
    if column.details["fill"]:
        missing = known.get(str(column.details["fill"]), 0)
    return _look_up(graph, tensor, known, default=0, missing=missing)


def _ranks(graph: Graph, column: ColumnSchema, tensor: str) -> str:
    """Return ``[row, 1]`` float32: the place of a value in its order, NaN for unseen and missing ones."""
    known = {name: rank for rank, name in enumerate(detail_list(column, "categories"))}
    ranks = graph.cast(_look_up(graph, tensor, known, default=-1, missing=-1), "float32")
    is_unknown = graph.op("Less", ranks, graph.constant(np.float32(0)))
    return graph.op("Where", is_unknown, graph.constant(np.float32(np.nan)), ranks)


def _look_up(graph: Graph, tensor: str, known: dict[str, int], *, default: int, missing: int) -> str:
    codes = dict.fromkeys(_MISSING, missing) | known
    return graph.op(
        "LabelEncoder",
        tensor,
        domain=ML,
        keys_strings=list(codes),
        values_int64s=list(codes.values()),
        default_int64=default,
    )


def _numbers(graph: Graph, column: ColumnSchema, tensor: str, *, with_indicator: bool) -> list[str]:
    largest = graph.constant(np.float64(np.finfo(np.float32).max))
    nan = graph.constant(np.float64(np.nan))
    values = graph.op("Where", graph.op("Greater", graph.op("Abs", tensor), largest), nan, tensor)
    for sentinel in column.details["sentinels"]:  # pyright: ignore[reportGeneralTypeIssues]
        values = graph.op(
            "Where", graph.op("Equal", values, graph.constant(np.float64(sentinel))), nan, values
        )
    missing = graph.cast(graph.op("IsNaN", values), "float32")
    offset = float(column.details["offset"])  # pyright: ignore[reportArgumentType]
    if offset:
        values = graph.op("Sub", values, graph.constant(np.float64(offset)))
    if column.details["log"]:
        one = graph.constant(np.float64(1))
        values = graph.op(
            "Mul", graph.op("Sign", values), graph.op("Log", graph.op("Add", graph.op("Abs", values), one))
        )
    values = graph.cast(values, "float32")
    return [values, missing] if with_indicator and column.details["indicator"] else [values]
