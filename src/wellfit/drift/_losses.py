"""Losses of rows that a window can add up: those whose mean is a metric."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.records import Task

OF_CLASSES = ("log_loss", "accuracy", "brier")
OF_VALUES = ("mse", "mae")
_EPSILON = 1e-7  # the bound of Keras' crossentropies, as in `wellfit.evaluation`


def loss_names(task: Task) -> tuple[str, ...]:
    """Return the metrics that are means over rows."""
    return OF_CLASSES if task.is_classification else OF_VALUES


def row_losses(task: Task, target: ArrayLike, prediction: ArrayLike) -> NDArray[np.float64]:
    """Return ``[metric, row]`` what each row adds to each metric of `loss_names`.

    Args:
        task: what kind of target there is.
        target: ``[row]`` class codes, or ``[row, output]`` values.
        prediction: ``[row, class]`` probabilities, or values in the target's shape.

    Example:
        >>> row_losses(Task.REGRESSION, [[1.0]], [[3.0]]).tolist()
        [[4.0], [2.0]]
    """
    said = _flat(np.asarray(prediction, np.float64))
    if not task.is_classification:
        error = said - _flat(np.asarray(target, np.float64))
        return np.stack([np.square(error).mean(axis=1), np.abs(error).mean(axis=1)])
    codes = np.asarray(target).astype(np.intp).reshape(-1)
    said = said / said.sum(axis=1, keepdims=True)
    true = np.take_along_axis(said, codes[:, None], axis=1)[:, 0]
    distance = np.square(said - np.eye(said.shape[1])[codes]).sum(axis=1)
    # For two classes the distance of one column, so that the score ends at 1.
    brier = distance / 2 if said.shape[1] == 2 else distance
    log_loss = -np.log(np.clip(true, _EPSILON, 1.0))
    return np.stack([log_loss, (said.argmax(axis=1) == codes).astype(np.float64), brier])


def usable_rows(prediction: NDArray[Any]) -> NDArray[np.bool_]:
    """Return ``[row]`` whether a prediction is finite throughout."""
    return np.asarray(np.isfinite(_flat(prediction)).all(axis=1))


def _flat(values: NDArray[Any]) -> NDArray[Any]:
    """Return ``[row, value]``, also of no rows, of which ``reshape(rows, -1)`` cannot tell the values."""
    return values.reshape(len(values), int(np.prod(values.shape[1:])))
