"""Score predictions: all metrics, one metric, the loss of each row, the confusion matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.evaluation._check import Float64Array, checked
from wellfit.evaluation._metrics import definition, definitions, values
from wellfit.records import DataError, SettingsError, Task


def evaluate(
    task: Task, target: ArrayLike, prediction: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> dict[str, float]:
    """Return every metric of the task by name.

    A metric is NaN, never an error, where it is not defined: ROC AUC where a class is absent from
    `target`, R2 of a constant target, and every metric as soon as one prediction is not finite.
    Balanced accuracy is a mean over the classes that occur.

    Args:
        task: what kind of target there is.
        target: ``[row]`` class codes, or ``[row]`` or ``[row, output]`` values.
        prediction: ``[row, class]`` probabilities (two columns for two classes), or values shaped as the
            target. Rows of probabilities are divided by their sum, as Keras' losses do.
        sample_weight: ``[row]``, or None for equal weights.

    Returns:
        Metric name to value, in the order of `metric_names`.

    Raises:
        DataError: the shapes or values do not fit together.

    Example:
        >>> scores = evaluate(Task.BINARY, [0, 1, 1], [[0.8, 0.2], [0.4, 0.6], [0.7, 0.3]])
        >>> round(scores["accuracy"], 3), scores["roc_auc"]
        (0.667, 1.0)
    """
    truth, guess = checked(task, target, prediction)
    weights = _weights(sample_weight, len(truth))
    return {name: float(values(one, truth, guess, weights)[0]) for name, one in definitions(task).items()}


def score(
    metric: str,
    task: Task,
    target: ArrayLike,
    prediction: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Return one metric by name; arguments and NaN as in `evaluate`.

    Raises:
        SettingsError: there is no such metric for this task.
        DataError: the shapes or values do not fit together.

    Example:
        >>> score("mae", Task.REGRESSION, [1.0, 2.0], [1.5, 2.0])
        0.25
    """
    one = definition(metric, task)
    truth, guess = checked(task, target, prediction)
    return float(values(one, truth, guess, _weights(sample_weight, len(truth)))[0])


def per_row_loss(metric: str, task: Task, target: ArrayLike, prediction: ArrayLike) -> Float64Array:
    """Return the loss of each row, lower is better, for a metric that is a mean over rows.

    For ``accuracy`` it is 1 for a mistake; for ``rmse`` it is the squared error. A row whose prediction
    is not finite has NaN, the others keep their loss.

    Args:
        metric: ``log_loss``, ``accuracy``, ``brier``, ``rmse``, ``mse`` or ``mae``.
        task: what kind of target there is.
        target: as in `evaluate`.
        prediction: as in `evaluate`.

    Returns:
        ``[row]`` losses.

    Raises:
        SettingsError: the metric is unknown, or is not a mean over rows (such as ``roc_auc``).

    Example:
        >>> per_row_loss("rmse", Task.REGRESSION, [1.0, 2.0], [1.5, 2.0])
        array([0.25, 0.  ])
    """
    one = definition(metric, task)
    if one.rows is None:
        with_rows = [name for name, other in definitions(task).items() if other.rows is not None]
        raise SettingsError(
            f"{metric!r} is not a mean over rows",
            received=repr(metric),
            expected="one of " + ", ".join(repr(name) for name in with_rows),
        )
    truth, guess = checked(task, target, prediction)
    finite = np.isfinite(guess).all(axis=1)
    losses = np.full(len(truth), np.nan)
    losses[finite] = one.rows(truth[finite], guess[finite])
    return losses


def confusion_matrix(target: ArrayLike, prediction: ArrayLike) -> NDArray[np.int32]:
    """Count rows by true class and most probable class.

    Rows whose prediction is not finite are left out: they have no most probable class.

    Args:
        target: ``[row]`` class codes.
        prediction: ``[row, class]`` probabilities.

    Returns:
        ``[class, class]`` counts, rows are the true class.

    Raises:
        DataError: the shapes or values do not fit together.

    Example:
        >>> confusion_matrix([0, 1, 1], [[0.8, 0.2], [0.4, 0.6], [0.7, 0.3]])
        array([[1, 0],
               [1, 1]], dtype=int32)
    """
    truth, probability = checked(Task.MULTICLASS, target, prediction)
    finite = np.isfinite(probability).all(axis=1)
    size = probability.shape[1]
    cells = truth[finite] * size + probability[finite].argmax(axis=1)
    counts = np.bincount(cells, minlength=size * size)
    return counts.reshape(size, size).astype(np.int32)


def _weights(sample_weight: ArrayLike | None, num_rows: int) -> Float64Array:
    """Return ``[1, row]`` weights."""
    if sample_weight is None:
        return np.ones((1, num_rows))
    weights = np.asarray(sample_weight, np.float64)
    if weights.shape != (num_rows,) or not (
        np.isfinite(weights).all() and (weights >= 0).all() and weights.any()
    ):
        raise DataError(
            "sample weights do not fit",
            received=f"shape {weights.shape}",
            expected=f"{num_rows} finite weights, none negative, not all zero",
        )
    return weights[None, :]
