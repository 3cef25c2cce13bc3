"""Different strong models on the same rows, to see what can be reached without the network."""

# scikit-learn ships without stubs: what its estimators return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from threadpoolctl import threadpool_limits

from wellfit.evaluation._check import Float64Array
from wellfit.evaluation._references import reference_predictions, standardized
from wellfit.records import Task

_MAX_ROWS = 10_000
_MAX_FEATURES = 500


def strong_predictions(
    train_x: ArrayLike, train_y: ArrayLike, x: ArrayLike, task: Task, num_classes: int = 0
) -> dict[str, Float64Array]:
    """Fit a linear model, boosted trees and nearest neighbors, and predict other rows.

    Use it to tell whether a network's loss is the network's fault: models that work in different ways and
    level off together say that it is not.

    Args:
        train_x: ``[row, feature]``; NaN is a missing cell.
        train_y: ``[row]`` class codes, or ``[row, output]`` values (the first output is used).
        x: ``[other row, feature]``.
        task: what kind of target there is.
        num_classes: columns of the probabilities.

    Returns:
        ``linear``, ``trees``, ``neighbors``, and ``average`` of the three, each ``[other row, class]``
        probabilities or ``[other row]`` values. Of more than 10,000 training rows or 500 columns every n-th
        is used for trees and neighbors.

    Example:
        >>> rows = np.linspace(-1, 1, 40)[:, None]
        >>> found = strong_predictions(rows, (rows[:, 0] > 0).astype(int), rows, Task.BINARY, 2)
        >>> sorted(found), found["trees"].shape
        (['average', 'linear', 'neighbors', 'trees'], (40, 2))
    """
    inputs, others = np.asarray(train_x, np.float64), np.asarray(x, np.float64)
    target = np.asarray(train_y)
    if not task.is_classification and target.ndim > 1:
        target = target[:, 0]
    step, skip = -(-len(inputs) // _MAX_ROWS), -(-inputs.shape[1] // _MAX_FEATURES)
    linear = reference_predictions(inputs, target, others, task, num_classes)["linear"]
    part, wanted = inputs[::step, ::skip], target[::step]
    part = np.where(np.isfinite(part).any(axis=0), part, 0.0)  # trees cannot bin a column without a value
    scaled, scaled_others = standardized(part, others[:, ::skip])
    if not scaled.shape[1]:  # no column varies: all rows are neighbors
        scaled, scaled_others = np.zeros((len(part), 1)), np.zeros((len(others), 1))
    found = {
        "linear": linear,
        "trees": _predict(_trees(task, len(part)), part, wanted, others[:, ::skip], num_classes),
        "neighbors": _predict(_neighbors(task, len(part)), scaled, wanted, scaled_others, num_classes),
    }
    return found | {"average": np.mean([*found.values()], axis=0)}


def tree_predictions(
    train_x: ArrayLike, train_y: ArrayLike, x: ArrayLike, task: Task, num_classes: int = 0
) -> Float64Array:
    """Fit boosted trees alone and predict other rows: the fastest strong model of `strong_predictions`.

    Args:
        train_x: ``[row, feature]``; NaN is a missing cell.
        train_y: ``[row]`` class codes or values.
        x: ``[other row, feature]``.
        task: what kind of target there is.
        num_classes: columns of the probabilities.
    """
    inputs, others = np.asarray(train_x, np.float64), np.asarray(x, np.float64)
    inputs = np.where(np.isfinite(inputs).any(axis=0), inputs, 0.0)
    return _predict(_trees(task, len(inputs)), inputs, np.asarray(train_y), others, num_classes)


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which models are fitted on one core, for work that runs beside other work.

    Threads that wait for each other actively cost more than they gain where the cores are taken.

    Example:
        >>> with one_thread():
        ...     found = strong_predictions([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0], [[1.0]], Task.REGRESSION)
        >>> found["linear"].shape
        (1,)
    """
    return threadpool_limits(limits=1)


def _trees(task: Task, num_rows: int) -> Any:
    options: dict[str, Any] = {
        "max_iter": 60,
        "max_leaf_nodes": 8 if num_rows < 2000 else 15,
        "min_samples_leaf": max(3, min(20, num_rows // 40)),
        "l2_regularization": 1.0,
        "early_stopping": False,
        "random_state": 0,
    }
    if task.is_classification:
        return HistGradientBoostingClassifier(**options)
    return HistGradientBoostingRegressor(**options)


def _neighbors(task: Task, num_rows: int) -> Any:
    count = int(np.clip(round(np.sqrt(num_rows)), 3, min(25, num_rows)))
    return KNeighborsClassifier(count) if task.is_classification else KNeighborsRegressor(count)


def _predict(
    model: Any, inputs: Float64Array, target: NDArray[Any], others: Float64Array, num_classes: int
) -> Float64Array:
    if not num_classes:
        return np.asarray(model.fit(inputs, target).predict(others), np.float64)
    seen = np.unique(target)
    probability = np.zeros((len(others), num_classes))
    if len(seen) < 2:
        probability[:, seen] = 1.0
    else:
        probability[:, seen] = model.fit(inputs, target).predict_proba(others)
    # A share of none among few neighbors is no proof of impossibility.
    return (probability + 1.0 / max(len(inputs), 2)) / (1.0 + num_classes / max(len(inputs), 2))
