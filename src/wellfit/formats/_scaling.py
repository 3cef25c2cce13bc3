"""Created features, filling, clipping and scaling, as nodes of a graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wellfit.formats._graph import Graph
from wellfit.records import Formula, Scaling

_LARGEST = np.float64(np.finfo(np.float32).max)


def created_features(graph: Graph, matrix: str, formulas: Sequence[Formula]) -> str:
    """Return ``[row, feature]`` float32 with the created features behind the others; see `data.created`."""
    if not formulas:
        return matrix
    made = [_created(graph, matrix, formula) for formula in formulas]
    return graph.op("Concat", matrix, *made, axis=1)


def scaled(graph: Graph, values: str, scaling: Scaling | None) -> str:
    """Return ``[row, feature]`` float32 filled, clipped, ranked, centered, scaled, masked and rotated.

    The same as `wellfit.data.apply_scaling`, which says what each step is.
    """
    if scaling is None:
        return values
    filled = graph.op("Where", graph.op("IsNaN", values), _row(graph, scaling.fill), values)
    clipped = graph.op("Min", graph.op("Max", filled, _row(graph, scaling.low)), _row(graph, scaling.high))
    if scaling.knots is not None:
        clipped = _ranks(graph, clipped, np.asarray(scaling.knots, np.float32))
    centered = graph.op("Sub", clipped, _row(graph, scaling.center))
    out = graph.op("Mul", centered, _row(graph, scaling.inverse_scale * scaling.mask))
    if scaling.rotation is None:
        return out
    return graph.op("MatMul", out, graph.constant(np.asarray(scaling.rotation, np.float32)))


def _row(graph: Graph, values: np.ndarray) -> str:
    return graph.constant(np.asarray(values, np.float32)[np.newaxis])


def _created(graph: Graph, matrix: str, formula: Formula) -> str:
    parts = [graph.cast(graph.columns(matrix, [place]), "float64") for place in formula.columns]
    nan = graph.constant(np.float64(np.nan))
    if formula.kind == "product":
        found = graph.op("Mul", parts[0], parts[1])
    elif formula.kind == "ratio":
        is_zero = graph.op("Equal", parts[1], graph.constant(np.float64(0)))
        found = graph.op("Div", parts[0], graph.op("Where", is_zero, nan, parts[1]))
    elif formula.kind == "log":
        size = graph.op("Add", graph.op("Abs", parts[0]), graph.constant(np.float64(1)))
        found = graph.op("Mul", graph.op("Sign", parts[0]), graph.op("Log", size))
    else:
        found = parts[0]
    is_large = graph.op("Greater", graph.op("Abs", found), graph.constant(_LARGEST))
    return graph.cast(graph.op("Where", is_large, nan, found), "float32")


def _ranks(graph: Graph, values: str, knots: np.ndarray) -> str:
    """Return the linear interpolation of (knot i, i / m): the mean share by which segments are passed."""
    lower, width = knots[:, :-1], np.diff(knots, axis=1)
    column = graph.op("Unsqueeze", values, graph.constant(np.array([2])))
    passed = graph.op("Div", graph.op("Sub", column, graph.constant(lower[np.newaxis])),
                      graph.constant(width[np.newaxis]))  # fmt: skip
    share = graph.op("Clip", passed, graph.constant(np.float32(0)), graph.constant(np.float32(1)))
    return graph.op("ReduceMean", share, graph.constant(np.array([2])), keepdims=0)
