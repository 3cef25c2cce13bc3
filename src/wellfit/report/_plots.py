"""What was found on matplotlib axes, for a notebook or a paper; the pages are drawn by `_draw`.

Colors, fonts and sizes are the reader's own: what his style says, light or dark.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.ticker import MaxNLocator

from wellfit.records import (
    BiasVariance,
    CrossValidation,
    CurvePair,
    Effect,
    MoreData,
    RegularizationPath,
    Remedy,
)
from wellfit.report._curve_figures import CurvesFigure, loss_figures
from wellfit.report._diagnosis_view import intervention_forest
from wellfit.report._figures import ForestFigure, remedy_forests
from wellfit.report._intervals import IntervalColors, draw_interval, forest_slots
from wellfit.report._line_figures import (
    Line,
    LinesFigure,
    folds_figure,
    parts_figure,
    path_figure,
    sizes_figure,
)
from wellfit.report._words import shorten_to

_BETTER, _WORSE = "#2f9e44", "#e03131"  # tell apart from white and from black
_STYLES = {"solid": "-", "dashed": "--", "points": ""}
_LABEL_CELLS = 40


def plot_remedies(remedies: tuple[Remedy, ...], ax: Axes | None = None) -> Axes:
    """Return axes with a forest plot of the effects of remedies, in the unit that most of them have."""
    units = Counter(remedy.effect.unit for remedy in remedies if remedy.effect is not None)
    figures = remedy_forests(remedies, max(units, key=units.__getitem__, default=""))
    return forest_axes(figures[0] if figures else None, ax)


def plot_interventions(effects: Mapping[str, Effect], ax: Axes | None = None) -> Axes:
    """Return axes with a forest plot of the interventions of a diagnosis."""
    return forest_axes(intervention_forest(effects), ax)


def plot_losses(curves: Sequence[CurvePair], ax: Axes | None = None) -> Axes:
    """Return axes with training and validation losses of networks."""
    return losses_axes(loss_figures(curves), ax)


def plot_path(path: RegularizationPath, ax: Axes | None = None) -> Axes:
    """Return axes with scores over the strengths of a regularizer."""
    return lines_axes(path_figure(path), ax)


def plot_parts(found: BiasVariance, ax: Axes | None = None) -> Axes:
    """Return axes with error, bias and variance."""
    return lines_axes(parts_figure(found), ax)


def plot_folds(found: CrossValidation, ax: Axes | None = None) -> Axes:
    """Return axes with the scores of folds."""
    return lines_axes(folds_figure(found), ax)


def plot_sizes(found: MoreData, ax: Axes | None = None) -> Axes:
    """Return axes with the loss over the number of training rows."""
    return lines_axes(sizes_figure(found), ax)


def forest_axes(figure: ForestFigure | None, ax: Axes | None = None) -> Axes:
    """Return axes with a forest plot and its numbers, or with a word where nothing was measured."""
    slots = [] if figure is None else forest_slots(figure)
    axes = ax or _new_axes(8.0, 1.0 + 0.26 * len(slots))
    if figure is None:
        return _without_data(axes, "No effect was measured.")
    axes.axvline(0, color=mpl.rcParams["axes.edgecolor"], linewidth=1, zorder=1)
    axes.set_xlim(figure.lower, figure.upper)
    axes.set_ylim(len(slots) - 0.4, -0.6)
    colors = _interval_colors(axes)
    for y, slot in enumerate(slots):
        if isinstance(slot, str):
            continue
        draw_interval(axes, slot, y, (figure.lower, figure.upper), colors)
        numbers = slot.numbers + (figure.kept_mark if slot.kept else "")
        beside = axes.get_yaxis_transform()
        axes.text(1.02, y, numbers, transform=beside, va="center", fontsize="small", parse_math=False)
    labels = [slot if isinstance(slot, str) else shorten_to(slot.label, _LABEL_CELLS) for slot in slots]
    axes.set_yticks(range(len(slots)), labels, parse_math=False)
    axes.tick_params(axis="y", length=0)
    for slot, label in zip(slots, axes.get_yticklabels(), strict=True):
        label.set_fontstyle("italic" if isinstance(slot, str) else "normal")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axes.set_xlabel(figure.axis_label or f"improvement in {figure.unit}", parse_math=False)
    return axes


def _interval_colors(axes: Axes) -> IntervalColors:
    ink = mpl.rcParams["text.color"]
    return IntervalColors(
        better=_BETTER, worse=_WORSE, sure=ink, unsure=ink, hollow=to_hex(axes.get_facecolor())
    )


def losses_axes(figures: tuple[CurvesFigure, ...], ax: Axes | None = None) -> Axes:
    """Return axes with the losses of all networks: a color a network, training dashed, best epochs marked.

    The training loss as Keras reports it is thin, of dashes and dots.
    """
    axes = ax or _new_axes(6.4, 4.0)
    if not figures:
        return _without_data(axes, "No curve was recorded.")
    for place, figure in enumerate(figures):
        color = f"C{place}"
        name = shorten_to(figure.name, _LABEL_CELLS)
        axes.plot(figure.epochs, figure.train, color=color, linestyle="--", label=f"{name}, training")
        axes.plot(figure.epochs, figure.validation, color=color, label=f"{name}, validation")
        if figure.running:
            label = f"{name}, training as Keras reports it"
            axes.plot(figure.epochs, figure.running, color=color, linestyle="-.", linewidth=0.9, label=label)
        if figure.best_epoch:
            value = figure.validation[figure.epochs.index(figure.best_epoch)]
            axes.plot([figure.best_epoch], [value], color=color, marker="o", linestyle="")
    if figures[0].logarithmic:
        axes.set_yscale("log")
    axes.set_ylim(figures[0].lower, figures[0].upper)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    _legend(axes)
    return axes


def lines_axes(figure: LinesFigure, ax: Axes | None = None) -> Axes:
    """Return axes with lines, their bands and the marked places."""
    axes = ax or _new_axes(6.4, 4.0)
    for place, line in enumerate(figure.lines):
        _plot_line(axes, line, f"C{place}")
    if figure.x_scale == "symlog":
        smallest = min(x for line in figure.lines for x in line.x if x > 0)
        axes.set_xscale("symlog", linthresh=smallest)
    else:
        axes.set_xscale(figure.x_scale)
    if figure.x_label == "fold":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for place, (words, x) in enumerate(figure.marks):
        if math.isfinite(x):
            axes.axvline(x, color=mpl.rcParams["text.color"], linestyle=(":", "-.")[place], label=words)
    axes.set_xlabel(figure.x_label)
    axes.set_ylabel(figure.y_label)
    _legend(axes)
    return axes


def _plot_line(axes: Axes, line: Line, color: str) -> None:
    marker = "o" if line.style == "points" or len(line.x) < 3 else ""
    axes.plot(line.x, line.y, color=color, linestyle=_STYLES[line.style], marker=marker, label=line.label)
    if line.low and line.style == "points":
        axes.vlines(line.x, line.low, line.high, color=color, linewidth=1.5)
    elif line.low:
        axes.fill_between(line.x, line.low, line.high, color=color, alpha=0.2, linewidth=0)


def _legend(axes: Axes) -> None:
    for text in axes.legend().get_texts():
        text.set_parse_math(False)


def _without_data(axes: Axes, words: str) -> Axes:
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center")
    axes.set_axis_off()
    return axes


def _new_axes(width: float, height: float) -> Axes:
    """Return axes of a new figure that a notebook shows by itself."""
    # Commands never draw for a screen, and starting takes a tenth of a second longer with it.
    from matplotlib import pyplot  # noqa: PLC0415

    return pyplot.subplots(figsize=(width, height), layout="constrained")[1]
