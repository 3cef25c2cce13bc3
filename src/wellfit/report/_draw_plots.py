"""How figures of lines, points and bars are drawn on the page."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from wellfit.report._evaluation_figures import BarsFigure, PointsFigure
from wellfit.report._line_figures import Line, LinesFigure
from wellfit.report._svg import (
    BAD,
    FILL,
    GOOD,
    GRID,
    INK,
    MUTED,
    TRAIN,
    VALIDATION,
    Canvas,
    drawing_style,
    plain_decades,
    svg,
)

_COLORS = (VALIDATION, TRAIN, GOOD, BAD)
_DASHES: tuple[Any, ...] = ("solid", (0, (6, 2)), (0, (3, 1, 1, 1)), (0, (1, 1)))
_LEGEND_ROW = 18
_BAR_ROW = 19


def draw_lines(figure: LinesFigure, *, name: str) -> str:
    """Return lines with their bands; the legend stands below, a row an entry, for names are long."""
    num_entries = len(figure.lines) + len(figure.marks)
    height = 262 + _LEGEND_ROW * num_entries
    with drawing_style(name):
        canvas = Canvas(name, 380, height)
        axes = canvas.axes(58, 12, 14, 48 + _LEGEND_ROW * num_entries)
        if figure.x_scale == "log":
            axes.set_xscale("log")
            plain_decades(axes.xaxis)
        if figure.limits is not None:
            axes.set_xlim(figure.limits[0], figure.limits[1])
            axes.set_ylim(figure.limits[2], figure.limits[3])
        axes.grid(color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)
        _draw_shares(axes, figure)
        looks = _looks(figure.lines)
        for line, (color, dashes) in zip(figure.lines, looks, strict=True):
            _draw_line(axes, line, color, dashes)
        for _, x in figure.marks:
            axes.axvline(x, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
        _tidy(axes, canvas, figure.x_label, figure.y_label)
        entries = [
            (line.label, color, "" if line.style == "points" else dashes)
            for line, (color, dashes) in zip(figure.lines, looks, strict=True)
        ]
        entries += [(words, MUTED, (0, (1, 2))) for words, _ in figure.marks]
        _legend(canvas, entries)
        return svg(canvas, figure.description)


def _looks(lines: tuple[Line, ...]) -> list[tuple[str, Any]]:
    """Return color and dashes of each line: those that measure differ in both, references are gray."""
    looks: list[tuple[str, Any]] = []
    num_own = 0
    for line in lines:
        if line.style == "dashed":
            looks.append((MUTED, (0, (4, 3))))
            continue
        looks.append((_COLORS[num_own % 4], _DASHES[num_own % 4]))
        num_own += 1
    return looks


def _draw_line(axes: Axes, line: Line, color: str, dashes: Any) -> None:
    is_points = line.style == "points"
    marker = {"marker": "o", "markersize": 5} if is_points or len(line.x) < 8 else {}
    is_reference = line.style == "dashed"
    if is_reference:
        marker = {}
    axes.plot(
        line.x,
        line.y,
        color=color,
        linestyle="" if is_points else dashes,
        linewidth=1.8,
        clip_on=is_reference,
        **marker,
    )
    if line.low:
        axes.vlines(line.x, line.low, line.high, color=color, linewidth=1.4)


def _draw_shares(axes: Axes, figure: LinesFigure) -> None:
    """Bars from the lower end, the highest a third of the axis."""
    if not figure.shares or figure.limits is None:
        return
    left, right, lower, upper = figure.limits
    tallest = max(share for _, share in figure.shares)
    width = 0.03 * (right - left)
    for x, share in figure.shares:
        tall = (upper - lower) * share / max(3 * tallest, 1e-9)
        axes.bar(x, tall, width=width, bottom=lower, color=FILL, alpha=0.18, linewidth=0)


def _legend(canvas: Canvas, entries: list[tuple[str, str, Any]]) -> None:
    """Line samples with words, from the lower end up; a point where no line is drawn."""
    for place, (words, color, dashes) in enumerate(entries):
        y = (_LEGEND_ROW * (len(entries) - place - 1) + 9) / canvas.height
        ends = [58 / canvas.width, 84 / canvas.width]
        look: dict[str, Any] = {"linestyle": dashes, "linewidth": 2}
        if not dashes:
            ends, look = [71 / canvas.width, 71 / canvas.width], {"marker": "o", "markersize": 5}
        sample = Line2D(ends, [y, y], color=color, transform=canvas.figure.transFigure, **look)
        canvas.figure.add_artist(sample)
        text = canvas.word(words, 46)
        canvas.figure.text(92 / canvas.width, y, text, va="center", color=INK, fontsize=10)


def draw_points(figure: PointsFigure, *, name: str) -> str:
    """Return rows as points, with the line on which there is no error."""
    left, right, lower, upper = figure.limits
    with drawing_style(name):
        canvas = Canvas(name, 380, 290)
        axes = canvas.axes(64, 12, 14, 42)
        axes.set_xlim(left, right)
        axes.set_ylim(lower, upper)
        axes.grid(color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)
        ends = ([left, right], [left, right] if figure.reference == "diagonal" else [0.0, 0.0])
        axes.plot(*ends, color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.plot(
            figure.x,
            figure.y,
            linestyle="",
            marker="o",
            markersize=3.2,
            color=FILL,
            alpha=0.5,
            markeredgewidth=0,
        )
        _tidy(axes, canvas, figure.x_label, figure.y_label)
        return svg(canvas, figure.description)


def draw_bars(figure: BarsFigure, *, name: str, small: bool = False) -> str:
    """Return lying bars with their words, or a histogram."""
    return _lying(figure, name, small) if figure.labels else _histogram(figure, name, small)


def _lying(figure: BarsFigure, name: str, small: bool) -> str:
    width, left, right = (280, 120, 58) if small else (460, 150, 78)
    with drawing_style(name):
        canvas = Canvas(name, width, _BAR_ROW * len(figure.labels) + 6)
        axes = canvas.axes(left, 3, right, 3)
        axes.set_xlim(0, max(figure.most, 1))
        axes.set_ylim(len(figure.labels) - 0.5, -0.5)
        axes.axis("off")
        axes.barh(range(len(figure.counts)), figure.counts, height=0.72, color=FILL, alpha=0.65, linewidth=0)
        for place, (label, numbers) in enumerate(zip(figure.labels, figure.numbers, strict=True)):
            word = canvas.word(label, 19 if small else 22)
            at = 1 - (_BAR_ROW * (place + 0.5) + 3) / canvas.height
            canvas.figure.text((left - 6) / width, at, word, ha="right", va="center", fontsize=10)
            text = canvas.word(numbers, 12)
            canvas.figure.text((width - right + 6) / width, at, text, va="center", color=MUTED, fontsize=10)
        return svg(canvas, figure.description)


def _histogram(figure: BarsFigure, name: str, small: bool) -> str:
    width, height = (270, 130) if small else (380, 290)
    with drawing_style(name):
        canvas = Canvas(name, width, height)
        axes = canvas.axes(*((44, 8, 10, 22) if small else (64, 12, 14, 42)))
        if figure.counts:
            edges = list(figure.edges)
            if edges[0] == edges[-1]:  # one value: a bar as wide as the axis has no other scale
                edges = [edges[0] - 0.5, edges[0] + 0.5]
            axes.stairs(figure.counts, edges, fill=True, color=FILL, alpha=0.65, linewidth=0)
            axes.set_xlim(edges[0], edges[-1])
            axes.set_ylim(0, max(figure.counts) * 1.05 or 1)
        _tidy(axes, canvas, figure.x_label, "" if small else "rows", few=small)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=2 if small else 5, integer=True))
        return svg(canvas, figure.description)


def _tidy(axes: Axes, canvas: Canvas, x_label: str, y_label: str, *, few: bool = False) -> None:
    if axes.get_xscale() == "linear":
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4 if few else 5))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.tick_params(length=3)
    if x_label:
        axes.set_xlabel(canvas.word(x_label, 48))
    if y_label:
        axes.set_ylabel(canvas.word(y_label, 40))


def _short(value: float) -> str:
    """Return a tick's number in few characters.

    Example:
        >>> _short(0.25), _short(12000.0), _short(3.5e6), _short(-0.0)
        ('0.25', '12k', '3.5M', '0')
    """
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size and math.isfinite(value):
            return f"{value / (1e3 if sign == 'k' else size):.4g}{sign}"
    return f"{value + 0.0:.6g}"
