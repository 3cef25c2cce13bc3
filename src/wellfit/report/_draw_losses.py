"""How learning curves are drawn: all networks on one scale, a color a network, training dashed."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from wellfit.report._curve_figures import CurvesFigure
from wellfit.report._svg import GRID, MUTED, TRAIN, VALIDATION, Canvas, drawing_style, plain_decades, svg

_TRAINING, _VALIDATION = "training as Keras reports it", "validation as Keras reports it"
_DASHES = {
    "training": (0, (4, 2)),
    "validation": "solid",
    _TRAINING: (0, (7, 2, 1.5, 2)),
    _VALIDATION: (0, (1, 1.6)),
}
_WIDTHS = {"training": 1.6, "validation": 2.0, _TRAINING: 1.0, _VALIDATION: 1.6}
_LEGEND_ROW = 18


class Frame(NamedTuple):
    """Where the axes lie in a drawing, in CSS pixels."""

    width: float
    height: float
    left: float
    right: float

    @property
    def ends(self) -> tuple[float, float]:
        """Ends of the horizontal axis as shares of the width, for whoever reads values off the drawing."""
        return self.left / self.width, 1 - self.right / self.width


WIDE = Frame(width=760, height=280, left=62, right=16)
NARROW = Frame(width=360, height=250, left=54, right=10)


def draw_losses(figures: tuple[CurvesFigure, ...], *, name: str, narrow: bool = False) -> str:
    """Return training and validation losses of all networks on one scale, best epochs marked."""
    frame = NARROW if narrow else WIDE
    last = max(epoch for figure in figures for epoch in figure.epochs)
    rows = _legend_rows(figures, narrow=narrow)
    top = _top(figures, narrow=narrow)
    with drawing_style(name):
        canvas = Canvas(name, frame.width, frame.height + top)
        axes = canvas.axes(frame.left, top, frame.right, 44)
        if figures[0].logarithmic:
            axes.set_yscale("log")
            plain_decades(axes.yaxis)
        axes.set_ylim(figures[0].lower, figures[0].upper)
        axes.set_xlim(*axis_ends(figures))
        axes.grid(axis="y", color=GRID, linewidth=0.7)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6 if narrow else 10, integer=True))
        for place, figure in enumerate(figures):
            _plot(axes, figure, _colors(figures, place))
        _mark_best(axes, figures, last)
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss (log scale)" if figures[0].logarithmic else "loss")
        _legend(axes, canvas, rows)
        return svg(canvas, losses_words(figures))


def axis_ends(figures: tuple[CurvesFigure, ...]) -> tuple[float, float]:
    """Return the ends of the epoch axis."""
    return 0.5, max((epoch for figure in figures for epoch in figure.epochs), default=1) + 0.5


def drawn_places(figures: tuple[CurvesFigure, ...]) -> dict[str, Any]:
    """Return where the epochs lie in the wide and in the narrow drawing: axis ends, and frames of the axes.

    A frame is the left and the right end as shares of the width, and the top in pixels.
    """
    frames = [
        [*frame.ends, _top(figures, narrow=narrow)] for frame, narrow in ((WIDE, False), (NARROW, True))
    ]
    return {"ends": axis_ends(figures), "frames": frames}


def _top(figures: tuple[CurvesFigure, ...], *, narrow: bool) -> int:
    return 10 + _LEGEND_ROW * len(_legend_rows(figures, narrow=narrow))


def losses_words(figures: tuple[CurvesFigure, ...]) -> str:
    """Return all curves in words."""
    return " ".join(figure.description for figure in figures)


def _colors(figures: tuple[CurvesFigure, ...], place: int) -> tuple[str, str]:
    """Return the colors of training and validation: by side for one network, else by network."""
    if len(figures) == 1:
        return TRAIN, VALIDATION
    color = TRAIN if place == 0 else VALIDATION
    return color, color


def _plot(axes: Axes, figure: CurvesFigure, colors: tuple[str, str]) -> None:
    lone = {"marker": "o", "markersize": 3} if len(figure.epochs) < 3 else {}
    lines = {
        "training": (colors[0], figure.train),
        "validation": (colors[1], figure.validation),
        _TRAINING: (colors[0], figure.running),
        _VALIDATION: (colors[1], figure.reported),
    }
    for word, (color, values) in lines.items():
        if values:
            dashes, width = _DASHES[word], _WIDTHS[word]
            axes.plot(figure.epochs, values, color=color, linewidth=width, linestyle=dashes, **lone)
    if figure.best_epoch:
        axes.axvline(figure.best_epoch, color=colors[1], linewidth=1, linestyle=(0, (1, 2)))
        value = figure.validation[figure.epochs.index(figure.best_epoch)]
        if math.isfinite(value):
            axes.plot([figure.best_epoch], [value], marker="o", markersize=6, color=colors[1])


def _mark_best(axes: Axes, figures: tuple[CurvesFigure, ...], last: int) -> None:
    """Write each best epoch beside its line, one below the other so that they do not meet."""
    for place, figure in enumerate(figures):
        if not figure.best_epoch:
            continue
        on_the_right = figure.best_epoch > 0.6 * last
        axes.annotate(
            f"best: epoch {figure.best_epoch}",
            (figure.best_epoch, 0.98 - 0.09 * place),
            xycoords=("data", "axes fraction"),
            xytext=(-6 if on_the_right else 6, 0),
            textcoords="offset points",
            ha="right" if on_the_right else "left",
            va="top",
            color=MUTED if len(figures) == 1 else _colors(figures, place)[1],
            fontsize=10,
        )


def _legend_rows(
    figures: tuple[CurvesFigure, ...], *, narrow: bool
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return a row for each network: its name, and color and word for each of its lines.

    What Keras reports comes below, once for all networks.
    """
    rows: list[tuple[str, list[tuple[str, str]]]] = []
    for place, figure in enumerate(figures):
        train, validation = _colors(figures, place)
        rows.append((figure.name, [(train, "training"), (validation, "validation")]))
    train, validation = _colors(figures, 0) if len(figures) == 1 else (MUTED, MUTED)
    reported = [(train, _TRAINING)] if any(figure.running for figure in figures) else []
    reported += [(validation, _VALIDATION)] if any(figure.reported for figure in figures) else []
    # A phone has no room for two of them side by side.
    return rows + [("", part) for part in ([[one] for one in reported] if narrow else [reported]) if part]


def _legend(axes: Axes, canvas: Canvas, rows: list[tuple[str, list[tuple[str, str]]]]) -> None:
    """Draw line samples above the axes; matplotlib's own legend box would be laid out with the wrong font."""
    at = canvas.figure.transFigure
    start, narrow, wide = (0.31, 0.25, 0.0) if canvas.width < 500 else (0.2, 0.16, 0.32)
    for place, (name, entries) in enumerate(rows):
        y = 1 - (12 + _LEGEND_ROW * place) / canvas.height
        axes.text(4 / canvas.width, y, canvas.word(name, 15), transform=at, va="center", fontsize=10)
        for column, (color, word) in enumerate(entries):
            x = start + column * (narrow if name else wide)
            end = x + 26 / canvas.width
            axes.plot(
                [x, end],
                [y, y],
                transform=at,
                color=color,
                linestyle=_DASHES[word],
                linewidth=_WIDTHS[word],
                clip_on=False,
            )
            axes.text(end + 6 / canvas.width, y, word, transform=at, va="center", fontsize=10)
