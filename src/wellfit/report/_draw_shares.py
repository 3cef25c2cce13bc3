"""Shares of rows before and now, as pairs of bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.transforms import blended_transform_factory

from wellfit.report._svg import FILL, MUTED, Canvas, drawing_style, svg

_WIDTH, _ROW, _LEFT, _RIGHT = 360, 30, 130, 52


@dataclass(frozen=True, kw_only=True)
class SharesFigure:
    """Two rows of shares of the same groups.

    Attributes:
        labels: of the groups.
        now: share of the new rows in each.
        before: share of the old rows in each.
        description: the same in words.
    """

    labels: tuple[str, ...]
    now: tuple[float, ...]
    before: tuple[float, ...]
    description: str


def draw_shares(figure: SharesFigure, *, name: str) -> str:
    """Return the pairs as a small picture: now filled, before below it in gray."""
    places = np.arange(len(figure.labels))
    with drawing_style(name):
        canvas = Canvas(name, _WIDTH, 14 + _ROW * len(places))
        axes = canvas.axes(_LEFT, 4, _RIGHT, 8)
        axes.set_xlim(0, max(*figure.now, *figure.before, 1e-9))
        axes.set_ylim(len(places) - 0.5, -0.5)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines["bottom"].set_visible(False)
        axes.barh(places - 0.17, figure.now, height=0.32, color=FILL)
        axes.barh(places + 0.17, figure.before, height=0.32, color=MUTED)
        beside = blended_transform_factory(canvas.figure.transFigure, axes.transData)
        for place, (label, share) in enumerate(zip(figure.labels, figure.now, strict=True)):
            text = canvas.word(label, 19)
            axes.text(4 / _WIDTH, place, text, transform=beside, va="center", fontsize=10)
            end = 1 - (_RIGHT - 6) / _WIDTH
            shown = f"{100 * share:.1f}%"
            axes.text(end, place, shown, transform=beside, va="center", fontsize=10, color=MUTED)
        return svg(canvas, figure.description)
