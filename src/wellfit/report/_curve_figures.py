"""Data before drawing: learning curves, all networks of a study on one scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wellfit.records import CurvePair, Diagnosis, FloatArray, Report
from wellfit.report._numbers import number
from wellfit.report._words import clean, count

MOST_CURVE_POINTS = 300


@dataclass(frozen=True, kw_only=True)
class CurvesFigure:
    """Training and validation loss of one network.

    Attributes:
        name: baseline or chosen.
        epochs: epoch numbers from 1 of the points drawn.
        train: training loss at them; NaN where there is none.
        validation: validation loss at them.
        running: training loss as Keras reports it at them, a running mean; empty where it is not known.
        reported: validation loss as Keras reports it at them, with the weight penalty; empty where that is
            not known or the same.
        best_epoch: number from 1 of the best epoch, or 0 for none.
        lower: lower end of the loss axis, the same for all networks of a report.
        upper: upper end of the loss axis.
        logarithmic: whether the loss axis is logarithmic.
        description: the figure in words.
    """

    name: str
    epochs: tuple[int, ...]
    train: tuple[float, ...]
    validation: tuple[float, ...]
    best_epoch: int
    lower: float
    upper: float
    logarithmic: bool
    description: str
    running: tuple[float, ...] = ()
    reported: tuple[float, ...] = ()


def curves_figures(report: Report | Diagnosis) -> tuple[CurvesFigure, ...]:
    """Return a figure for each network, with one loss axis so that they can be compared by eye."""
    return loss_figures(report.curves, reported_losses(report) if isinstance(report, Report) else {})


def reported_losses(report: Report) -> dict[str, FloatArray]:
    """Return validation losses as Keras reports them, by network, where they differ from the data loss.

    Keras adds the weight penalty. Where labels are smoothed it smooths them in validation too, which the
    curves of a study do not hold; such a network is left out.
    """
    smoothing = {"baseline": report.baseline.label_smoothing, "chosen": report.chosen.label_smoothing}
    return {
        pair.name: pair.validation_loss + pair.penalty
        for pair in report.curves
        if len(pair.penalty) == len(pair.validation_loss)
        and not smoothing.get(pair.name, 0.0)
        and np.nanmax(np.nan_to_num(pair.penalty), initial=0.0) > 0
    }


def loss_figures(
    curves: Sequence[CurvePair], reported: Mapping[str, FloatArray] | None = None
) -> tuple[CurvesFigure, ...]:
    """Return a figure for each pair of curves, all with one loss axis; `reported` as in `reported_losses`."""
    also = reported or {}
    arrays = [array for pair in curves for array in (pair.train_loss, pair.validation_loss, _running(pair))]
    values = [array[np.isfinite(array)] for array in (*arrays, *also.values())]
    finite = np.concatenate(values) if values else np.zeros(0)
    if not finite.size:
        return ()
    low, high = float(finite.min()), float(finite.max())
    logarithmic = low > 0 and high > 30 * low
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    lower, upper = (low / 1.2, high * 1.2) if logarithmic else (low - margin, high + margin)
    return tuple(
        _curve(pair, also.get(pair.name), lower=lower, upper=upper, logarithmic=logarithmic)
        for pair in curves
        if min(len(pair.train_loss), len(pair.validation_loss))
    )


def _running(pair: CurvePair) -> FloatArray:
    """Return the training loss as Keras reports it; empty where it is not known for every epoch."""
    is_whole = len(pair.running_loss) == len(pair.train_loss)
    return pair.running_loss if is_whole and np.isfinite(pair.running_loss).any() else pair.running_loss[:0]


def _curve(
    pair: CurvePair, reported: FloatArray | None, *, lower: float, upper: float, logarithmic: bool
) -> CurvesFigure:
    num_epochs = min(len(pair.train_loss), len(pair.validation_loss))
    best = pair.best_epoch if 0 <= pair.best_epoch < num_epochs else -1
    stride = max(math.ceil(num_epochs / MOST_CURVE_POINTS), 1)
    running = _running(pair)
    shown = sorted({*range(0, num_epochs, stride), num_epochs - 1, best} & set(range(num_epochs)))
    return CurvesFigure(
        name=clean(pair.name),
        epochs=tuple(index + 1 for index in shown),
        train=tuple(float(pair.train_loss[index]) for index in shown),
        validation=tuple(float(pair.validation_loss[index]) for index in shown),
        best_epoch=best + 1,
        lower=lower,
        upper=upper,
        logarithmic=logarithmic,
        description=_curve_words(pair, num_epochs, best),
        running=tuple(float(running[index]) for index in shown) if len(running) else (),
        reported=() if reported is None else tuple(float(reported[index]) for index in shown),
    )


def _curve_words(pair: CurvePair, num_epochs: int, best: int) -> str:
    text = f"Loss of the {clean(pair.name)} network over {count(num_epochs, 'epoch')}."
    points = [("First epoch", 0), (f"Best epoch ({best + 1})", best), ("Last epoch", num_epochs - 1)]
    for words, index in points:
        if 0 <= index < num_epochs:
            train, validation = float(pair.train_loss[index]), float(pair.validation_loss[index])
            text += f" {words}: training {number(train)}, validation {number(validation)}."
    running = _running(pair)[:num_epochs]
    if len(running):
        first, last = number(float(running[0])), number(float(running[-1]))
        text += f" Training as Keras reports it: {first} in the first epoch, {last} in the last."
    return text


def reported_note(report: Report) -> str:
    """Return how the curves differ from what Keras prints, in a sentence or two."""
    training = (
        "Keras prints another training loss: a running mean over the epoch, with dropout on and weights that "
        "still change, which this study did not record."
    )
    if any(len(_running(pair)) for pair in report.curves):
        training = (
            "The thin line of dashes and dots is the training loss as Keras reports it: a running mean with "
            "dropout and penalties, over the batches of an epoch, while the weights still change."
        )
    if not all(len(pair.penalty) for pair in report.curves):
        return training
    if reported_losses(report):
        dots = "The dotted line is the validation loss as Keras reports it, with the weight penalty."
        return f"{dots} {training}"
    if report.baseline.label_smoothing or report.chosen.label_smoothing:
        return f"{training} Both losses of Keras have smoothed labels, where training has them."
    return f"There is no weight penalty, so Keras reports the same validation loss. {training}"


@dataclass(frozen=True, kw_only=True)
class ReadLine:
    """The values of one line of a drawing, to be read off beside it.

    Attributes:
        name: network and side.
        values: one text for each epoch of the readout; None where the network has no value.
    """

    name: str
    values: tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True)
class Readout:
    """The values of all curves by epoch, to be read off beside the picture.

    Attributes:
        epochs: every epoch that any network has, from 1.
        lines: in the order of the legend.
        start: place in `epochs` of the first network's best epoch, or of the last one.
    """

    epochs: tuple[int, ...]
    lines: tuple[ReadLine, ...]
    start: int


def losses_readout(figures: tuple[CurvesFigure, ...]) -> Readout:
    """Return what can be read off the curves of all networks."""
    epochs = tuple(sorted({epoch for figure in figures for epoch in figure.epochs}))
    best = next((figure.best_epoch for figure in figures if figure.best_epoch), epochs[-1])
    lines = tuple(
        ReadLine(name=f"{figure.name} {side}", values=tuple(map(_texts(figure.epochs, values).get, epochs)))
        for figure in figures
        for side, values in (
            ("training", figure.train),
            ("validation", figure.validation),
            ("training as Keras reports it", figure.running),
            ("validation as Keras reports it", figure.reported),
        )
        if values
    )
    return Readout(epochs=epochs, lines=lines, start=epochs.index(best))


def _texts(epochs: tuple[int, ...], values: tuple[float, ...]) -> dict[int, str]:
    return {epoch: number(value) for epoch, value in zip(epochs, values, strict=True) if math.isfinite(value)}
