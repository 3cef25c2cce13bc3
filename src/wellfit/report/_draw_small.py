"""How the small figures beside a cause are drawn: bars and one line."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import blended_transform_factory

from wellfit.report._evidence_figures import BarsFigure
from wellfit.report._line_figures import LinesFigure
from wellfit.report._numbers import number
from wellfit.report._svg import FILL, GRID, MUTED, VALIDATION, Canvas, drawing_style, svg

_WIDTH, _ROW = 360, 24


def draw_small(figure: BarsFigure | LinesFigure, *, name: str) -> str:
    """Return the experiment behind a finding as a small picture."""
    return _draw_bars(figure, name) if isinstance(figure, BarsFigure) else _draw_lines(figure, name)


def _draw_bars(figure: BarsFigure, name: str) -> str:
    with drawing_style(name):
        canvas = Canvas(name, _WIDTH, 14 + _ROW * len(figure.names))
        axes = canvas.axes(150, 4, 60, 8)
        axes.set_xlim(0, max(figure.values))
        axes.set_ylim(len(figure.names) - 0.5, -0.5)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines["bottom"].set_visible(False)
        axes.barh(range(len(figure.names)), figure.values, height=0.55, color=FILL)
        beside = blended_transform_factory(canvas.figure.transFigure, axes.transData)
        for place, (label, value) in enumerate(zip(figure.names, figure.values, strict=True)):
            axes.text(4 / _WIDTH, place, canvas.word(label, 22), transform=beside, va="center", fontsize=10)
            axes.text(
                1 - 54 / _WIDTH, place, number(value), transform=beside, va="center", fontsize=10, color=MUTED
            )
        return svg(canvas, figure.description)


def _draw_lines(figure: LinesFigure, name: str) -> str:
    with drawing_style(name):
        canvas = Canvas(name, _WIDTH, 190)
        axes = canvas.axes(58, 10, 14, 44)
        for line in figure.lines:
            axes.plot(line.x, line.y, color=VALIDATION, linewidth=2, marker="o", markersize=5)
        _grid(axes)
        axes.set_xlabel(canvas.word(figure.x_label, 40))
        axes.set_ylabel(canvas.word(figure.y_label, 24))
        return svg(canvas, figure.description)


def _grid(axes: Axes) -> None:
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
