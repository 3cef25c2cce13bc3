"""Greedy selection of an ensemble: whose mean prediction is best, chosen one after another.

Source: Caruana, Niculescu-Mizil, Crew and Ksikes, Ensemble Selection from Libraries of Models, 2004.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    num_bags: int = 1,
    bag_share: float = 0.5,
    seed: int = 0,
) -> Float64Array:
    """Return how much of each candidate goes into the ensemble whose mean prediction has the lowest loss.

    It begins with the best few candidates, as many of them as are best together, and adds the candidate that
    lowers the loss most, again and again, with replacement, until nothing lowers it. Its loss on these rows
    flatters it; see `crossfitted_loss`. Of candidates that are equally good the first is taken.

    Args:
        predictions: ``[candidate, row, class]`` probabilities or ``[candidate, row, output]`` values (or
            ``[candidate, row]`` of one output) on rows that the candidates were not trained on. NaN where a
            candidate has no such prediction: the mean is over those that have one.
        target: ``[row]`` class codes; or ``[row]`` or ``[row, output]`` values.
        loss: ``log_loss`` of the mean probabilities, or ``squared_error`` of the mean value.
        max_size: candidates in the ensemble at most, counted with their repetitions.
        sample_weight: ``[row]``, or None for equal weights.
        num_bags: with more than 1, that many ensembles are chosen, each from a random part of the candidates,
            and their weights averaged: less is chosen by luck.
        bag_share: share of the candidates in a bag.
        seed: of the bags.

    Returns:
        ``[candidate]`` weights of sum 1; of one bag they are multiples of one over the ensemble's size.

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
    if max_size < 1 or num_bags < 1:
        raise SettingsError(
            "an ensemble needs members", received=f"{max_size=}, {num_bags=}", expected="at least 1 of each"
        )
    library = _library(predictions, target, loss, sample_weight)
    count = len(library.values)
    if num_bags == 1:
        return _select(library, max_size)
    rng, weights = np.random.default_rng(seed), np.zeros(count)
    for _ in range(num_bags):
        bag = np.sort(rng.choice(count, max(1, round(bag_share * count)), replace=False))
        weights[bag] += _select(library.of(bag), max_size) / num_bags
    return weights


def weighted_mean(predictions: ArrayLike, weights: ArrayLike) -> Float64Array:
    """Return the mean of predictions, ``[row, ...]``, over the candidates that have one.

    Rows that no candidate with a weight predicts are NaN.

    Args:
        predictions: ``[candidate, row, ...]``, NaN where there is none.
        weights: ``[candidate]``, as `greedy_selection` returns them.

    Example:
        >>> weighted_mean([[1.0, 2.0], [3.0, np.nan]], [0.5, 0.5]).tolist()
        [2.0, 2.0]
    """
    values, shares = np.asarray(predictions, np.float64), np.asarray(weights, np.float64)
    used = shares > 0
    values, shares = values[used], shares[used]
    known = np.isfinite(values)
    total = np.tensordot(shares, np.where(known, values, 0.0), axes=1)
    present = np.tensordot(shares, known.astype(np.float64), axes=1)
    return np.where(present > 0, total / np.where(present > 0, present, 1.0), np.nan)


def crossfitted_predictions(
    predictions: ArrayLike,
    target: ArrayLike,
    loss: Loss,
    *,
    max_size: int = 25,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> Float64Array:
    """Return what ensembles predict for rows that they were not chosen on, ``[row, class or output]``.

    One half of the rows (of the groups of rows) chooses, the other is predicted, and the other way round. The
    candidates must be the same networks throughout; what they predict must be for rows they did not train on.

    Args:
        predictions: as in `greedy_selection`.
        target: likewise.
        loss: likewise.
        max_size: likewise.
        sample_weight: likewise.
        groups: ``[row]`` codes of rows that belong together, such as one row that is there twice.
        seed: of the halves.

    Raises:
        DataError: as in `greedy_selection`, or there are fewer than two rows or groups.

    Example:
        >>> said = [[[1.0]] * 4, [[3.0]] * 4]
        >>> crossfitted_predictions(said, [2.0] * 4, "squared_error").ravel().tolist()
        [2.0, 2.0, 2.0, 2.0]
    """
    values, truth = np.asarray(predictions, np.float64), np.asarray(target)
    first = _first_half(len(truth) if groups is None else np.asarray(groups), seed)
    weight = None if sample_weight is None else np.asarray(sample_weight, np.float64)
    out = np.full(values.shape[1:], np.nan)
    for chosen_on in (first, ~first):
        weights = greedy_selection(
            values[:, chosen_on],
            truth[chosen_on],
            loss,
            max_size=max_size,
            sample_weight=None if weight is None else weight[chosen_on],
        )
        out[~chosen_on] = weighted_mean(values[:, ~chosen_on], weights)
    return out


def crossfitted_loss(
    predictions: ArrayLike,
    target: ArrayLike,
    loss: Loss,
    *,
    max_size: int = 25,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> float:
    """Return the loss of greedy ensembles on rows that they were not chosen on: what they may promise.

    Arguments and errors as in `crossfitted_predictions`. Half of the rows choose, so that the promise is
    rather too low than too high.

    Example:
        >>> crossfitted_loss([[[1.0]] * 4, [[3.0]] * 4], [2.0] * 4, "squared_error")
        0.0
    """
    predicted = crossfitted_predictions(
        predictions,
        target,
        loss,
        max_size=max_size,
        sample_weight=sample_weight,
        groups=groups,
        seed=seed,
    )
    # A row that the other half's ensemble does not predict is left out: there is nothing to score.
    known = np.isfinite(predicted.reshape(len(predicted), -1)).all(axis=1)
    weight = None if sample_weight is None else np.asarray(sample_weight, np.float64)[known]
    library = _library(predicted[None, known], np.asarray(target)[known], loss, weight)
    return float(_losses(library, library.values, library.present)[0])


def _first_half(units: int | NDArray[Any], seed: int) -> NDArray[np.bool_]:
    """Return ``[row]`` whether a row belongs to the first of two random halves of rows or groups."""
    codes = np.arange(units) if isinstance(units, int) else np.unique(units, return_inverse=True)[1]
    count = int(codes.max(initial=-1)) + 1
    if count < 2:
        raise DataError(
            "too few rows to choose on one half", received=f"{count} rows or groups", expected="at least 2"
        )
    order = np.random.default_rng(seed).permutation(count)
    return np.isin(codes, order[: count // 2])


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

    def of(self, candidates: NDArray[np.intp]) -> _Library:
        """Return the library of some of the candidates."""
        return replace(self, values=self.values[candidates], present=self.present[candidates])


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
