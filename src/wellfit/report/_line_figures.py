"""Data before drawing: paths, folds, parts of the error and learning curves, as lines with bands."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from wellfit.records import BiasVariance, CrossValidation, FloatArray, MoreData, RegularizationPath
from wellfit.report._numbers import NOT_AVAILABLE, number
from wellfit.report._words import count, plain

Scale = Literal["linear", "log", "symlog"]
_WIDE = 30  # values that lie so many times apart need a logarithmic axis


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line, or one row of points.

    Attributes:
        label: what it shows.
        x: where its points are.
        y: their values; NaN is a gap.
        low: lower end of the band around it; empty without a band.
        high: upper end of it.
        style: how it is drawn.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    style: Literal["solid", "dashed", "points"] = "solid"


@dataclass(frozen=True, kw_only=True)
class LinesFigure:
    """Lines over one axis.

    Attributes:
        x_label: what the horizontal axis measures.
        y_label: what the vertical axis measures.
        x_scale: how the horizontal axis is divided; symlog where a logarithmic one has to hold zero.
        lines: in the order of the legend.
        marks: places on the horizontal axis that stand out, by their words.
        description: the figure in words.
        limits: ends of both axes, ``(left, right, lower, upper)``; None fits them to the lines.
        shares: places on the horizontal axis with shares of the rows there, as bars in the background.
    """

    x_label: str
    y_label: str
    x_scale: Scale
    lines: tuple[Line, ...]
    marks: tuple[tuple[str, float], ...] = ()
    description: str
    limits: tuple[float, float, float, float] | None = None
    shares: tuple[tuple[float, float], ...] = ()


def path_figure(path: RegularizationPath) -> LinesFigure:
    """Return scores over strengths, with the best strength and that of the rule of one standard error."""
    strengths, name = _floats(path.strengths), path.metric.name
    marks = (("best", path.best), ("within one standard error", path.one_standard_error))
    if path.best == path.one_standard_error:
        marks = (("best, and within one standard error", path.best),)
    return LinesFigure(
        x_label=path.parameter,
        y_label=name,
        x_scale=scale_of(strengths),
        lines=(
            Line(label="training", x=strengths, y=_floats(path.train_mean), style="dashed"),
            Line(
                label="validation, 95 % interval",
                x=strengths,
                y=_floats(path.validation_mean),
                low=_floats(path.low),
                high=_floats(path.high),
            ),
        ),
        marks=marks,
        description=f"{name} over {count(len(strengths), 'strength')} of {path.parameter}: best at"
        f" {plain(path.best)}; within one standard error of it up to {plain(path.one_standard_error)}.",
    )


def parts_figure(found: BiasVariance) -> LinesFigure:
    """Return error, bias and variance over the values of the parameter."""
    values = _floats(found.values)
    parts = {"error": found.error, "bias": found.bias, "variance": found.variance}
    dashed = ("bias", "variance")
    finite = [(error, place) for place, error in enumerate(_floats(found.error)) if math.isfinite(error)]
    lowest = plain(values[min(finite)[1]]) if finite else NOT_AVAILABLE
    return LinesFigure(
        x_label=found.parameter,
        y_label=found.loss.replace("_", " "),
        x_scale=scale_of(values),
        lines=tuple(
            Line(label=name, x=values, y=_floats(part), style="dashed" if name in dashed else "solid")
            for name, part in parts.items()
        ),
        description=f"Error, bias and variance over {count(len(values), 'value')} of {found.parameter}:"
        f" the error is lowest at {lowest}.",
    )


def folds_figure(found: CrossValidation) -> LinesFigure:
    """Return the scores of the folds with their mean and its interval."""
    places = tuple(float(place) for place in range(1, len(found.scores) + 1))
    name = found.metric.name
    mean, low, high = ((float(value),) * len(places) for value in (found.mean, found.low, found.high))
    return LinesFigure(
        x_label="fold",
        y_label=name,
        x_scale="linear",
        lines=(
            Line(label="training", x=places, y=_floats(found.train_scores), style="points"),
            Line(label="validation", x=places, y=_floats(found.scores), style="points"),
            Line(label="mean of validation, 95 % interval", x=places, y=mean, low=low, high=high),
        ),
        description=f"{name} of {count(len(places), 'fold')}: mean {number(found.mean)},"
        f" 95 % interval {number(found.low)} to {number(found.high)}.",
    )


def sizes_figure(found: MoreData) -> LinesFigure:
    """Return the loss over the number of training rows, the curve through it, and the loss with more rows."""
    sizes = tuple(float(size) for size in found.sizes)
    worth, low, high = (number(value) for value in (found.estimate, found.low, found.high))
    measured = Line(label="chosen network", x=sizes, y=tuple(found.losses))
    return LinesFigure(
        x_label="training rows",
        y_label=f"loss ({found.unit})",
        x_scale="linear",
        lines=(measured, *_extrapolated(found)) if found.fitted_sizes else (measured,),
        marks=(("all rows of today", float(found.num_rows)),) if found.num_rows else (),
        description=f"Loss over training rows at {count(len(sizes), 'size')};"
        f" {count(found.extra_rows, 'more row')} would be worth {worth} (95 % interval {low} to {high}).",
    )


def _extrapolated(found: MoreData) -> tuple[Line, Line]:
    """Return the fitted curve, and the loss that it predicts with the extra rows."""
    end = (float(found.num_rows + found.extra_rows),)
    return (
        Line(
            label="fitted curve",
            x=tuple(float(size) for size in found.fitted_sizes),
            y=found.fitted_losses,
            style="dashed",
        ),
        Line(
            label=f"with {count(found.extra_rows, 'more row')}, 95 % interval",
            x=end,
            y=(found.loss_now - found.estimate,),
            low=(found.loss_now - found.high,),
            high=(found.loss_now - found.low,),
            style="points",
        ),
    )


def scale_of(values: Iterable[float]) -> Scale:
    """Return how an axis for `values` is divided.

    Example:
        >>> scale_of([1e-6, 1e-3, 0.1]), scale_of([0.0, 1e-4, 1e-1]), scale_of([0.0, 0.3, 0.9])
        ('log', 'symlog', 'linear')
    """
    known = list(values)
    positive = [value for value in known if value > 0]
    if not positive or min(known) < 0 or max(positive) < _WIDE * min(positive):
        return "linear"
    return "log" if len(positive) == len(known) else "symlog"


def _floats(values: FloatArray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
