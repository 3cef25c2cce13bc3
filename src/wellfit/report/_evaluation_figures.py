"""Data before drawing: what the chosen network does on the holdout, and the columns of the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from wellfit.records import ColumnView, DataView, Evaluation, Report, Residuals
from wellfit.report._line_figures import Line, LinesFigure
from wellfit.report._numbers import number
from wellfit.report._words import clean, count

MOST_MISSING = 20
_MARGIN = 0.04


@dataclass(frozen=True, kw_only=True)
class PointsFigure:
    """Rows as points.

    Attributes:
        x_label: what the horizontal axis measures.
        y_label: what the vertical axis measures.
        x: of the points.
        y: of the points.
        limits: ends of both axes.
        reference: ``diagonal`` or ``zero``, a line that points of no error lie on.
        description: the figure in words.
    """

    x_label: str
    y_label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    limits: tuple[float, float, float, float]
    reference: str
    description: str


@dataclass(frozen=True, kw_only=True)
class BarsFigure:
    """Counts as bars: one a label, or one a bin.

    Attributes:
        title: what is counted.
        labels: of bars that lie; empty for a histogram.
        edges: of a histogram's bins, one more than there are bins.
        counts: lengths of the bars.
        numbers: what stands behind each lying bar.
        most: length of a bar that takes the whole width.
        x_label: what a histogram's axis measures.
        description: the figure in words.
    """

    title: str
    labels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...]
    numbers: tuple[str, ...] = ()
    most: int
    x_label: str = ""
    description: str


def roc_figure(seen: Evaluation) -> LinesFigure | None:
    """Return the ROC curves, or None where there are none."""
    if not seen.curves:
        return None
    lines = tuple(
        Line(label=f"{name}, area {number(one.roc_auc)}", x=one.false_positive_rate, y=one.true_positive_rate)
        for name, one in zip(_curve_names(seen), seen.curves, strict=True)
    )
    areas = "; ".join(line.label for line in lines)
    return LinesFigure(
        x_label="false positive rate",
        y_label="true positive rate",
        x_scale="linear",
        lines=(*lines, Line(label="chance", x=(0.0, 1.0), y=(0.0, 1.0), style="dashed")),
        limits=_UNIT,
        description=f"ROC curve on {count(seen.curves[0].num_rows, 'holdout row')}: {areas}.",
    )


def precision_figure(seen: Evaluation) -> LinesFigure | None:
    """Return the precision-recall curves, or None where there are none."""
    if not seen.curves:
        return None
    lines = tuple(
        Line(
            label=f"{name}, average {number(one.average_precision)}",
            x=one.recall,
            y=one.precision,
        )
        for name, one in zip(_curve_names(seen), seen.curves, strict=True)
    )
    words = "; ".join(line.label for line in lines)
    chance: tuple[Line, ...] = ()
    shares = {one.num_positive / max(one.num_rows, 1) for one in seen.curves}
    if len(shares) == 1:
        share = shares.pop()
        chance = (Line(label=f"chance, {number(share)}", x=(0.0, 1.0), y=(share, share), style="dashed"),)
    return LinesFigure(
        x_label="recall",
        y_label="precision",
        x_scale="linear",
        lines=(*lines, *chance),
        limits=_UNIT,
        description=f"Precision over recall on {count(seen.curves[0].num_rows, 'holdout row')}: {words}.",
    )


def reliability_figure(seen: Evaluation) -> LinesFigure | None:
    """Return how often predictions are right, over how sure they are."""
    if not seen.reliability:
        return None
    lines: list[Line] = []
    for one in seen.reliability:
        has_band = one.network == "chosen"
        lines.append(
            Line(
                label=f"{one.network}, calibration error {number(one.error)}",
                x=one.said,
                y=one.right,
                low=one.low if has_band else (),
                high=one.high if has_band else (),
                style="points" if has_band else "solid",
            )
        )
    chosen = seen.reliability[0]
    total = max(sum(chosen.num_rows), 1)
    lower = min([0.5, *(value for line in lines for value in (*line.x, *line.y, *line.low))])
    lower = max(math.floor(10 * lower) / 10, 0.0)
    return LinesFigure(
        x_label="probability of the predicted class",
        y_label="share that is right",
        x_scale="linear",
        lines=(*lines, Line(label="perfect", x=(0.0, 1.0), y=(0.0, 1.0), style="dashed")),
        limits=(lower, 1.0, lower, 1.0),
        shares=tuple((x, rows / total) for x, rows in zip(chosen.said, chosen.num_rows, strict=True)),
        description=f"Reliability on {count(total, 'holdout row')}: "
        + "; ".join(f"{one.network}, calibration error {number(one.error)}" for one in seen.reliability)
        + ".",
    )


def residual_figures(found: Residuals) -> tuple[PointsFigure, PointsFigure, BarsFigure]:
    """Return predicted against true values, residuals against predictions, and the residuals' histogram."""
    left = tuple(true - said for true, said in zip(found.true, found.predicted, strict=True))
    rows = count(found.num_rows, "holdout row")
    few = f"{len(left):,} of {rows}" if len(left) < found.num_rows else rows
    low, high = _ends((*found.true, *found.predicted))
    first, last = _ends(found.predicted)
    reach = max((abs(value) for value in left), default=1.0) * (1 + _MARGIN) or 1.0
    return (
        PointsFigure(
            x_label="predicted",
            y_label="true",
            x=found.predicted,
            y=found.true,
            limits=(low, high, low, high),
            reference="diagonal",
            description=f"True against predicted values of {few}; a perfect prediction is on the diagonal.",
        ),
        PointsFigure(
            x_label="predicted",
            y_label="residual (true less predicted)",
            x=found.predicted,
            y=left,
            limits=(first, last, -reach, reach),
            reference="zero",
            description=f"Residuals over predictions of {few}, from {number(min(left, default=math.nan))} to"
            f" {number(max(left, default=math.nan))}.",
        ),
        BarsFigure(
            title="Residuals",
            edges=found.edges,
            counts=found.counts,
            most=max(found.counts, default=1),
            x_label="residual (true less predicted)",
            description=f"Histogram of the residuals of {rows}: {_peak(found.edges, found.counts)}.",
        ),
    )


def column_figure(view: ColumnView, num_rows: int) -> BarsFigure:
    """Return the bars or the histogram of one column."""
    name, labels, counts = clean(view.name), tuple(clean(label) for label in view.labels), view.counts
    if labels and view.num_other:
        labels, counts = (*labels, "all others"), (*counts, view.num_other)
    if labels and view.num_missing:
        labels, counts = (*labels, "missing"), (*counts, view.num_missing)
    parts = [f"{label} {rows:,}" for label, rows in zip(labels, counts, strict=True)] if labels else []
    words = ", ".join(parts) if labels else _peak(view.edges, counts)
    return BarsFigure(
        title=name,
        labels=labels,
        edges=() if labels else view.edges,
        counts=counts,
        numbers=tuple(_share(rows, num_rows) for rows in counts) if labels else (),
        most=max(counts, default=1),
        description=f"{name} in {count(num_rows, 'row')}: {words or 'no value'}.",
    )


def missing_figure(report: Report) -> BarsFigure | None:
    """Return the columns with most missing cells, or None where none is missing."""
    data = report.data
    if data is None or not data.num_rows:
        return None
    shown = missing_columns(report)[:MOST_MISSING]
    if not shown:
        return None
    counts = tuple(min(rows, data.num_rows) for _, rows in shown)
    numbers = tuple(_share(rows, data.num_rows) for rows in counts)
    names = tuple(clean(name) for name, _ in shown)
    words = ", ".join(f"{name} {text}" for name, text in zip(names, numbers, strict=True))
    return BarsFigure(
        title="Missing cells",
        labels=names,
        counts=counts,
        numbers=numbers,
        most=data.num_rows,
        description=f"Share of rows without a value, of {count(data.num_rows, 'row')}: {words}.",
    )


def missing_columns(report: Report) -> list[tuple[str, int]]:
    """Return columns with missing cells and how many these are, most first; those left out are among them."""
    data: DataView | None = report.data
    known = {column.name: column.num_missing for column in report.columns if column.kind != "target"}
    if data is not None:
        known |= {view.name: view.num_missing for view in data.columns if view.name not in known}
    found = [(name, rows) for name, rows in known.items() if rows]
    return sorted(found, key=lambda one: -one[1])


_UNIT = (0.0, 1.0, 0.0, 1.0)


def _curve_names(seen: Evaluation) -> tuple[str, ...]:
    """Return what tells curves apart: the network, or the class."""
    several = len({one.positive for one in seen.curves}) > 1 or seen.num_curve_classes > 2
    return tuple(clean(one.positive) if several else one.network for one in seen.curves)


def _ends(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = _MARGIN * (high - low) or 0.5 * abs(high) or 1.0
    return low - margin, high + margin


def _share(rows: int, total: int) -> str:
    share = rows / max(total, 1)
    if 0 < share < 0.001:
        return "under 0.1 %"
    text = f"{100 * share:.1f}" if share < 0.1 else f"{100 * share:.0f}"
    return "over 99 %" if text == "100" and rows < total else f"{text} %"


def _peak(edges: Sequence[float], counts: Sequence[int]) -> str:
    """Return where a histogram begins, ends and is highest."""
    if not counts or len(edges) != len(counts) + 1:
        return "no value"
    place = max(range(len(counts)), key=lambda k: counts[k])
    return (
        f"bins from {number(edges[0])} to {number(edges[-1])}, most rows ({counts[place]:,}) between"
        f" {number(edges[place])} and {number(edges[place + 1])}"
    )
