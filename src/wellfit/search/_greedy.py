"""Greedy selection of an ensemble: whose mean prediction is best, chosen one after another.

Source: Caruana, Niculescu-Mizil, Crew and Ksikes, Ensemble Selection from Libraries of Models, 2004.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.records import DataError, SettingsError

Float64Array = NDArray[np.float64]
Loss = Literal["log_loss", "squared_error"]

# The bound of Keras' crossentropies: a certain mistake costs 16.1, not infinity.
_EPSILON = 1e-7
_START = 5  # best single candidates that the ensemble may begin with
_LEAST = 1e-12  # relative gain below which a step is rounding


def greedy_selection(
    predictions: ArrayLike,
    target: ArrayLike,
    loss: Loss,
    *,
    max_size: int = 25,
    sample_weight: ArrayLike | None = None,
) -> Float64Array:
    """Return how much of each candidate goes into the ensemble whose mean prediction has the lowest loss.

    It begins with the best few candidates, as many of them as are best together, and adds the candidate that
    lowers the loss most, again and again, with replacement, until nothing lowers it. Its loss on these rows
    flatters it. Of candidates that are equally good the first is taken.

    Args:
        predictions: ``[candidate, row, class]`` probabilities or ``[candidate, row, output]`` values (or
            ``[candidate, row]`` of one output) on rows that the candidates were not trained on. NaN where a
            candidate has no such prediction: the mean is over those that have one.
        target: ``[row]`` class codes; or ``[row]`` or ``[row, output]`` values.
        loss: ``log_loss`` of the mean probabilities, or ``squared_error`` of the mean value.
        max_size: candidates in the ensemble at most, counted with their repetitions.
        sample_weight: ``[row]``, or None for equal weights.

    Returns:
        ``[candidate]`` weights of sum 1, multiples of one over the ensemble's size.

    Raises:
        DataError: shapes or codes do not fit, or no candidate predicts some row.
        SettingsError: there is no such loss, or a size below 1.

    Example:
        >>> said = [[[1.0], [3.0]], [[3.0], [1.0]], [[9.0], [9.0]]]
        >>> greedy_selection(said, [2.0, 2.0], "squared_error").tolist()
        [0.5, 0.5, 0.0]

    Source:
        Caruana, Niculescu-Mizil, Crew and Ksikes, Ensemble Selection from Libraries of Models, 2004.
    """
    if max_size < 1:
        raise SettingsError(
            "an ensemble needs members", received=f"max_size={max_size}", expected="at least 1"
        )
    return _select(_library(predictions, target, loss, sample_weight), max_size)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Library:
    """What the loss of a mean depends on.

    Attributes:
        values: ``[candidate, row, column]``: the probability of the true class, or values less the target; 0
            where there is none.
        present: ``[candidate, row]`` 1 where there is a prediction, else 0.
        absent: ``[row, column]`` stands in where no member of an ensemble predicts a row: chance.
        weight: ``[row]``, of sum 1.
        loss: which.
    """

    values: Float64Array
    present: Float64Array
    absent: Float64Array
    weight: Float64Array
    loss: Loss


def _library(
    predictions: ArrayLike, target: ArrayLike, loss: Loss, sample_weight: ArrayLike | None
) -> _Library:
    if loss not in get_args(Loss):
        raise SettingsError("no such loss", received=repr(loss), expected=f"one of {get_args(Loss)}")
    given, truth = np.asarray(predictions, np.float64), np.asarray(target)
    if given.ndim == 2:
        given = given[:, :, None]
    weight = np.ones(len(truth)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    if given.ndim != 3 or not given.size or given.shape[1] != len(truth) or weight.shape != truth.shape[:1]:
        raise DataError(
            "predictions and target do not fit",
            received=f"predictions {given.shape}, target {truth.shape}, weights {weight.shape}",
            expected="[candidate, row, class or output], one target and weight a row",
        )
    weight = weight / weight.sum()
    found = _of_true_class(given, truth) if loss == "log_loss" else _residuals(given, truth)
    known: NDArray[np.bool_] = np.all(np.isfinite(found), axis=2)  # pyright: ignore[reportAssignmentType]
    if not known.any(axis=0).all():
        raise DataError(
            "no candidate predicts some rows",
            received=f"{int((~known.any(axis=0)).sum())} of {len(truth)} rows without a finite prediction",
            expected="a finite prediction of at least one candidate for every row",
        )
    return _Library(
        values=np.where(known[:, :, None], found, 0.0),
        present=known.astype(np.float64),
        absent=_chance(truth, weight, loss),
        weight=weight,
        loss=loss,
    )


def _of_true_class(probabilities: Float64Array, codes: NDArray[Any]) -> Float64Array:
    """Return ``[candidate, row, 1]``: the log loss of a mean depends on nothing else."""
    num_classes = probabilities.shape[2]
    known: NDArray[np.int64] = np.arange(num_classes, dtype=np.int64)
    if codes.ndim != 1 or not np.isin(codes, known).all():
        raise DataError(
            "class codes and predictions do not fit",
            received=f"codes of shape {codes.shape}, {num_classes} columns",
            expected="[row] whole codes from 0 to k-1 and k columns, for two classes as well",
        )
    places = np.broadcast_to(codes.astype(np.intp)[None, :, None], (*probabilities.shape[:2], 1))
    return np.take_along_axis(probabilities, places, axis=2)


def _residuals(values: Float64Array, target: NDArray[Any]) -> Float64Array:
    truth = target.astype(np.float64).reshape(len(target), -1)
    if truth.shape[1] != values.shape[2]:
        raise DataError(
            "predictions and target do not fit",
            received=f"{values.shape[2]} outputs, {truth.shape[1]} targets",
            expected="as many of one as of the other",
        )
    return values - truth


def _chance(target: NDArray[Any], weight: Float64Array, loss: Loss) -> Float64Array:
    """Return ``[row, column]``: the share of a row's class, or the mean less the target."""
    if loss == "log_loss":
        codes = target.astype(np.intp)
        share: Float64Array = np.bincount(codes, weights=weight).astype(np.float64)
        return share[codes][:, None]
    truth = target.astype(np.float64).reshape(len(target), -1)
    return weight @ truth - truth


def _losses(library: _Library, total: Float64Array, count: Float64Array) -> Float64Array:
    """Return ``[ensemble]`` losses of sums ``[ensemble, row, column]`` of that many predictions."""
    mean = total / np.maximum(count, 1.0)[:, :, None]
    if not count.all():
        mean = np.where(count[:, :, None] > 0, mean, library.absent)
    if library.loss == "log_loss":
        return -np.log(np.clip(mean[:, :, 0], _EPSILON, 1.0)) @ library.weight
    return np.square(mean).mean(axis=2) @ library.weight


def _select(library: _Library, max_size: int) -> Float64Array:
    values, present = library.values, library.present
    order = np.argsort(_losses(library, values, present), kind="stable")[: min(_START, max_size)]
    totals, counts = values[order].cumsum(axis=0), present[order].cumsum(axis=0)
    starts = _losses(library, totals, counts)
    size = int(starts.argmin()) + 1
    best, total, count = starts[size - 1], totals[size - 1], counts[size - 1]
    chosen = [int(candidate) for candidate in order[:size]]
    while len(chosen) < max_size:
        losses = _losses(library, total + values, count + present)
        added = int(losses.argmin())
        if not losses[added] < best - _LEAST * abs(best):
            break
        best, total, count = losses[added], total + values[added], count + present[added]
        chosen.append(added)
    return np.bincount(chosen, minlength=len(values)).astype(np.float64) / len(chosen)
