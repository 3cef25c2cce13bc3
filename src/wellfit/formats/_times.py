"""Times that are written as text to features, as nodes of a graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wellfit.formats._graph import Graph

_WRITTEN = r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?"
_ANY_TIME = "1970-01-01T00:00"
_PERIOD = {"month": 12, "weekday": 7, "hour": 24}


def time_features(graph: Graph, tensor: str, parts: Sequence[str]) -> list[str]:
    """Return ``[row, 1]`` float32 features of times such as 2026-01-31T23:59:00; NaN for all other text.

    A year and a day are plain numbers, all other parts two numbers, sine and cosine, so that December is next
    to January; as `wellfit.data` makes them.

    Args:
        graph: where nodes are added.
        tensor: ``[row, 1]`` text.
        parts: year, month, day, weekday, hour.
    """
    is_time = graph.op("RegexFullMatch", tensor, pattern=_WRITTEN)
    text = graph.op("Where", is_time, tensor, graph.constant([_ANY_TIME]))
    day, clock = _pieces(graph, text, "T", 2)
    # A day without a time of day has an empty second piece.
    has_clock = graph.op("RegexFullMatch", clock, pattern=".+")
    clock = graph.op("Where", has_clock, clock, graph.constant(["00:00"]))
    year, month, of_month = (_whole(graph, piece) for piece in _pieces(graph, day, "-", 3))
    hour, minute = (_whole(graph, piece) for piece in _pieces(graph, clock, ":", 2))
    values = {
        "year": lambda: year,
        "month": lambda: month,
        "day": lambda: of_month,
        "weekday": lambda: _weekday(graph, year, month, of_month),
        "hour": lambda: _plus(graph, hour, _over(graph, minute, 60.0)),
    }
    nan = graph.constant(np.float32(np.nan))
    return [
        graph.op("Where", is_time, graph.cast(feature, "float32"), nan)
        for part in parts
        for feature in _around(graph, values[part](), _PERIOD.get(part))
    ]


def _pieces(graph: Graph, text: str, delimiter: str, number: int) -> list[str]:
    """Return the first pieces of ``[row, 1]`` text, each ``[row, 1]``; a piece that is not there is empty."""
    # One more delimiter makes sure that there are enough columns of pieces, whatever the rows.
    longer = graph.op("StringConcat", text, graph.constant([delimiter * number]))
    pieces, _ = graph.op("StringSplit", longer, delimiter=delimiter, maxsplit=number, outputs=2)
    return [graph.op("Gather", pieces, graph.constant(np.int64(place)), axis=2) for place in range(number)]


def _whole(graph: Graph, text: str) -> str:
    return graph.cast(graph.cast(text, "int64"), "float64")


def _plus(graph: Graph, a: str, b: str) -> str:
    return graph.op("Add", a, b)


def _over(graph: Graph, value: str, divisor: float) -> str:
    return graph.op("Div", value, graph.constant(np.float64(divisor)))


def _floor(graph: Graph, value: str, divisor: float) -> str:
    return graph.op("Floor", _over(graph, value, divisor))


def _times(graph: Graph, value: str, factor: float) -> str:
    return graph.op("Mul", value, graph.constant(np.float64(factor)))


def _shifted(graph: Graph, value: str, by: float) -> str:
    return graph.op("Add", value, graph.constant(np.float64(by)))


def _weekday(graph: Graph, year: str, month: str, day: str) -> str:
    """Return 1 for Monday to 7 for Sunday, by Zeller's congruence (Christian Zeller, 1882)."""
    is_early = graph.cast(graph.op("Less", month, graph.constant(np.float64(3))), "float64")
    # January and February are months 13 and 14 of the year before.
    month = _plus(graph, month, _times(graph, is_early, 12.0))
    year = graph.op("Sub", year, is_early)
    total = _plus(graph, day, _floor(graph, _times(graph, _shifted(graph, month, 1.0), 13.0), 5.0))
    for term in (year, _floor(graph, year, 4.0), _floor(graph, year, 400.0)):
        total = _plus(graph, total, term)
    total = graph.op("Sub", total, _floor(graph, year, 100.0))
    from_saturday = graph.op("Mod", total, graph.constant(np.float64(7)), fmod=1)
    # Saturday is 0 there and 6 here.
    return _shifted(
        graph,
        graph.op("Mod", _shifted(graph, from_saturday, 5.0), graph.constant(np.float64(7)), fmod=1),
        1.0,
    )


def _around(graph: Graph, value: str, period: int | None) -> list[str]:
    if period is None:
        return [value]
    # Sine and cosine exist for float32 in every runtime.
    angle = graph.cast(_times(graph, value, 2 * np.pi / period), "float32")
    return [graph.op("Sin", angle), graph.op("Cos", angle)]
