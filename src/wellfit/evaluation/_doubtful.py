"""Training rows whose label the other training rows contradict.

Each row is predicted by models that never saw it: boosted trees and a linear model, fitted on two thirds of
the rows. A class label is doubted where confident learning, on their average, doubts it; a value where the
residuals of both lie beyond four robust deviations of that model's residuals.

Source: Northcutt, Jiang and Chuang, Confident Learning, 2021; Rousseeuw and Leroy, Robust Regression and
Outlier Detection, 1987.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.evaluation._check import Float64Array
from wellfit.evaluation._references import reference_predictions
from wellfit.evaluation._strong import one_thread, tree_predictions
from wellfit.records import Task

_NUM_FOLDS = 3
_FEWEST_ROWS = 30
_MAX_FIT_ROWS = 5000
_DEVIATIONS = 4.0
_MAD = 1.4826  # standard deviations of a normal variable in its median absolute deviation, inverted
_MAX_SHARE = 0.3
"""Share of a class (or of all values) that is doubted at most; beyond it, the models are in doubt."""


def doubtful_rows(
    x: ArrayLike,
    target: NDArray[Any],
    task: Task,
    num_classes: int = 0,
    *,
    groups: NDArray[Any] | None = None,
    seed: int = 0,
) -> NDArray[np.bool_]:
    """Return ``[row]`` whether a row's label is contradicted by the other rows given.

    Args:
        x: ``[row, feature]``; NaN is a missing cell.
        target: ``[row]`` class codes, or ``[row, output]`` values (the first output is judged).
        task: what kind of target there is.
        num_classes: 0 for regression.
        groups: ``[row]`` rows of one group are predicted together, so that no twin speaks for a row; or None.
        seed: of the folds.

    Returns:
        Nothing but False for less than 30 rows. No class loses more than three tenths of its rows.

    Example:
        >>> x = np.linspace(-1, 1, 120)[:, None]
        >>> labels = (x[:, 0] > 0).astype(np.int32)
        >>> labels[[10, 110]] = [1, 0]
        >>> np.flatnonzero(doubtful_rows(x, labels, Task.BINARY, 2)).tolist()
        [10, 110]
    """
    values = np.asarray(x, np.float64)
    if len(values) < _FEWEST_ROWS:
        return np.zeros(len(values), bool)
    labels = target if task.is_classification else target.reshape(len(target), -1)[:, 0]
    by_model = _out_of_fold(values, labels, task, num_classes, _folds(len(values), groups, seed))
    if task.is_classification:
        predicted = np.mean(by_model, axis=0)
        own = predicted[np.arange(len(labels)), labels]
        doubted = unlikely_labels(predicted, labels)
        return _limited(doubted, own - predicted.max(axis=1), labels)
    # A model alone errs most where it cannot follow the target, so that all models have to agree.
    distance = np.min([_distance(labels - predicted[:, 0]) for predicted in by_model], axis=0)
    return _limited(distance > _DEVIATIONS, -distance, np.zeros(len(labels), np.int32))


def unlikely_labels(probability: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Return the rows of which confident learning doubts the label.

    A class' threshold is the mean probability that its own rows get for it. A row is doubted where another
    class reaches its threshold and is the most probable of those that do, and the given label is not the
    most probable.

    Args:
        probability: ``[row, class]`` out of fold.
        labels: ``[row]`` class codes.

    Example:
        >>> said = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.95, 0.05]])
        >>> unlikely_labels(said, np.array([0, 0, 1, 1])).tolist()
        [False, False, False, True]

    Source: Northcutt, Jiang and Chuang, Confident Learning, 2021.
    """
    num_classes = probability.shape[1]
    own = probability[np.arange(len(labels)), labels]
    thresholds = np.array(
        [probability[labels == c, c].mean() if (labels == c).any() else np.inf for c in range(num_classes)]
    )
    over = np.where(probability >= thresholds, probability, -1.0)
    guess = over.argmax(axis=1)
    return (over.max(axis=1) >= 0) & (guess != labels) & (probability.max(axis=1) > own)


def _folds(count: int, groups: NDArray[Any] | None, seed: int) -> NDArray[np.intp]:
    """Return ``[row]`` fold numbers; rows of a group share theirs."""
    codes = np.arange(count) if groups is None else np.unique(groups, return_inverse=True)[1]
    order = np.random.default_rng(seed).permutation(int(codes.max()) + 1)
    return (order % _NUM_FOLDS)[codes]


def _out_of_fold(
    x: Float64Array, labels: NDArray[Any], task: Task, num_classes: int, folds: NDArray[np.intp]
) -> list[Float64Array]:
    """Return predictions of the linear model and of the trees, each ``[row, class]`` or ``[row, 1]``."""
    found = [np.zeros((len(x), num_classes or 1)) for _ in range(2)]
    with one_thread():
        for fold in np.unique(folds):
            seen, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            seen = seen[:: -(-len(seen) // _MAX_FIT_ROWS)] if len(seen) else held
            given = x[seen], labels[seen], x[held], task, num_classes
            for place, predicted in enumerate(
                (reference_predictions(*given)["linear"], tree_predictions(*given))
            ):
                found[place][held] = predicted.reshape(len(held), -1)
    return found


def _distance(residual: Float64Array) -> Float64Array:
    """Return how many robust deviations residuals lie from their median; 0 where they have no spread."""
    distance = np.abs(residual - np.median(residual))
    deviation = _MAD * float(np.median(distance))
    return distance / deviation if deviation > 0 else np.zeros_like(distance)


def _limited(doubted: NDArray[np.bool_], order: Float64Array, labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Return the most doubtful rows of each class, as many as may go."""
    kept = doubted.copy()
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        limit = int(_MAX_SHARE * len(own))
        suspects = own[doubted[own]]
        kept[suspects[np.argsort(order[suspects], kind="stable")[limit:]]] = False
    return kept
