"""What all forest plots have in common: the order of their rows, and how an interval is drawn."""

from __future__ import annotations

import math
from typing import NamedTuple

from matplotlib.axes import Axes

from wellfit.report._figures import ForestFigure, ForestRow


class IntervalColors(NamedTuple):
    """Colors as matplotlib takes them: by reading, by how sure it is, and inside a hollow mark."""

    better: str
    worse: str
    sure: str
    unsure: str
    hollow: str


def forest_slots(figure: ForestFigure) -> list[ForestRow | str]:
    """Return rows and the headings between them, from top to bottom."""
    confirmed = [row for row in figure.rows if row.confirmed]
    screened = [row for row in figure.rows if not row.confirmed]
    slots: list[ForestRow | str] = []
    for heading, rows in zip(figure.headings, (confirmed, screened), strict=True):
        slots += [heading, *rows] if rows else []
    if figure.num_left_out:
        slots.append(f"and {figure.num_left_out:,} more in the table")
    return slots


def draw_interval(
    axes: Axes, row: ForestRow, y: int, ends: tuple[float, float], colors: IntervalColors
) -> None:
    """Draw one interval: thick and filled if confirmed, thin and hollow if screened, cut ends as arrows."""
    color = {"better": colors.better, "worse": colors.worse}.get(
        row.reading, colors.sure if row.confirmed else colors.unsure
    )
    lower, upper = ends
    low = row.low if not math.isnan(row.low) else row.estimate
    high = row.high if not math.isnan(row.high) else row.estimate
    start, stop = max(low, lower), min(high, upper)
    if start < stop:
        axes.plot([start, stop], [y, y], color=color, linewidth=3 if row.confirmed else 1.3, zorder=2)
    inset = 0.008 * (upper - lower)
    if low < lower:
        axes.plot([lower + inset], [y], marker="<", markersize=6, color=color, zorder=3)
    if high > upper:
        axes.plot([upper - inset], [y], marker=">", markersize=6, color=color, zorder=3)
    if lower <= row.estimate <= upper:
        axes.plot(
            [row.estimate],
            [y],
            marker="D" if row.kept else "o",
            markersize=7 if row.confirmed else 5.5,
            markerfacecolor=color if row.confirmed else colors.hollow,
            markeredgecolor=color,
            color=color,
            zorder=4,
        )
