"""Figures of evaluation and data, drawn."""

from __future__ import annotations

from markupsafe import Markup

from wellfit.report._draw_plots import draw_bars, draw_lines, draw_points
from wellfit.report._evaluation_figures import BarsFigure, PointsFigure
from wellfit.report._evaluation_parts import Titled


def drawn_figure(one: Titled) -> Markup:
    """Return a figure as an SVG element; nothing for one without a value."""
    figure = one.figure
    if isinstance(figure, PointsFigure):
        return Markup(draw_points(figure, name=one.name))
    if not isinstance(figure, BarsFigure):
        return Markup(draw_lines(figure, name=one.name))
    return Markup(draw_bars(figure, name=one.name, small=one.small) if figure.counts else "")
