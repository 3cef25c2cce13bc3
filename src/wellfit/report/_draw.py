"""How each figure record is drawn."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import blended_transform_factory

from wellfit.records import Report
from wellfit.report._figures import (
    ConfusionFigure,
    ForestFigure,
    ForestRow,
    forest_figures,
)
from wellfit.report._intervals import IntervalColors, draw_interval, forest_slots
from wellfit.report._svg import (
    BAD,
    FILL,
    GOOD,
    GRID,
    INK,
    MUTED,
    PAGE,
    Canvas,
    drawing_style,
    svg,
)

_ROW_HEIGHT = 22
_PAGE_COLORS = IntervalColors(better=GOOD, worse=BAD, sure=INK, unsure=MUTED, hollow=PAGE)


def forest_svg(report: Report) -> str:
    """Return the forest plot of a report as an SVG file's content, for a README or a slide.

    Args:
        report: what a study found.

    Returns:
        A complete SVG document that follows the reader's light or dark mode. Where no effect was
        measured it says so.
    """
    figures = forest_figures(report)
    if figures:
        return draw_forest(figures[0], name="forest", standalone=True)
    words = "No effect was measured."
    with drawing_style("forest"):
        canvas = Canvas("forest", 720, 60)
        canvas.figure.text(0.5, 0.5, words, ha="center", va="center", color=MUTED)
        return svg(canvas, words, standalone=True)


def draw_forest(figure: ForestFigure, *, name: str, narrow: bool = False, standalone: bool = False) -> str:
    """Return a forest plot; `narrow` leaves the numbers to the table, for a phone."""
    width, left, right = (360, 128, 12) if narrow else (860, 210, 220)
    slots = forest_slots(figure)
    height = 30 + _ROW_HEIGHT * len(slots) + 46
    with drawing_style(name):
        canvas = Canvas(name, width, height)
        axes = canvas.axes(left, 26, right, 50)
        axes.set_xlim(figure.lower, figure.upper)
        axes.set_ylim(len(slots) - 0.4, -0.6)
        _forest_frame(axes, canvas, figure)
        label_at = blended_transform_factory(canvas.figure.transFigure, axes.transData)
        for y, slot in enumerate(slots):
            if isinstance(slot, str):
                axes.text(4 / width, y, slot, transform=label_at, va="center", color=MUTED, fontsize=10)
                continue
            label = canvas.word(slot.label, 17 if narrow else 26)
            axes.text(12 / width, y, label, transform=label_at, va="center", weight=_weight(slot))
            draw_interval(axes, slot, y, (figure.lower, figure.upper), _PAGE_COLORS)
            if not narrow:
                text = canvas.word(slot.numbers + (figure.kept_mark if slot.kept else ""), 40)
                axes.text(
                    1 - (right - 12) / width,
                    y,
                    text,
                    transform=label_at,
                    va="center",
                    weight=_weight(slot),
                    fontsize=10,
                )
        return svg(canvas, figure.description, standalone=standalone)


def _weight(row: ForestRow) -> str:
    return "bold" if row.kept else "normal"


def _forest_frame(axes: Axes, canvas: Canvas, figure: ForestFigure) -> None:
    axes.axvline(0, color=INK, linewidth=1, zorder=1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4 if canvas.width < 500 else 5, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_xlabel(canvas.word(figure.axis_label or f"improvement in {figure.unit}", 34))
    above = blended_transform_factory(axes.transData, axes.transAxes)
    lift = 8 / (canvas.height - 76)
    gap = 0.015 * (figure.upper - figure.lower)
    if figure.lower < -0.15 * (figure.upper - figure.lower):
        axes.text(-gap, 1 + lift, "worse", transform=above, ha="right", color=MUTED, fontsize=10)
    if figure.upper > 0.15 * (figure.upper - figure.lower):
        axes.text(gap, 1 + lift, "better", transform=above, ha="left", color=MUTED, fontsize=10)


def draw_confusion(figure: ConfusionFigure, *, name: str) -> str:
    """Return a confusion matrix: counts, shaded by the share of the true class."""
    num = len(figure.labels)
    cell = 64 if num <= 4 else 46
    left, top = 110, 92
    with drawing_style(name):
        canvas = Canvas(name, left + num * cell + 60, top + num * cell + 12)
        axes = canvas.axes(left, top, 60, 12)
        axes.set_xlim(0, num)
        axes.set_ylim(num, 0)
        axes.axis("off")
        for row, counts in enumerate(figure.counts):
            for column, quantity in enumerate(counts):
                share = figure.shares[row][column]
                axes.add_patch(
                    Rectangle((column, row), 1, 1, facecolor=FILL, alpha=0.04 + 0.5 * share, linewidth=0)
                )
                axes.add_patch(Rectangle((column, row), 1, 1, fill=False, edgecolor=PAGE, linewidth=2))
                weight = "bold" if row == column else "normal"
                axes.text(column + 0.5, row + 0.5, f"{quantity:,}", ha="center", va="center", weight=weight)
        _class_labels(axes, canvas, figure)
        return svg(canvas, figure.description)


def _class_labels(axes: Axes, canvas: Canvas, figure: ConfusionFigure) -> None:
    for position, label in enumerate(figure.labels):
        axes.text(-0.12, position + 0.5, canvas.word(label, 12), ha="right", va="center")
        axes.text(
            position + 0.45,
            -0.12,
            canvas.word(label, 12),
            ha="left",
            va="bottom",
            rotation=35,
            rotation_mode="anchor",
        )
    figure_at = canvas.figure.transFigure
    axes.text(
        4 / canvas.width, 1 - 12 / canvas.height, "rows: true", transform=figure_at, color=MUTED, fontsize=10
    )
    text = "columns: predicted"
    axes.text(4 / canvas.width, 1 - 26 / canvas.height, text, transform=figure_at, color=MUTED, fontsize=10)
