"""The metrics by name: for which task, which way is better, and how they are computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wellfit.evaluation import _ranks, _sums
from wellfit.evaluation._check import Float64Array, is_finite
from wellfit.records import Metric, SettingsError, Task, did_you_mean

Weighted = Callable[[NDArray[Any], Float64Array, Float64Array], Float64Array]
"""Target, prediction and weights ``[resample, row]`` to values ``[resample]``."""

_CLASSES = (Task.BINARY, Task.MULTICLASS)
_VALUES = (Task.REGRESSION,)


@dataclass(frozen=True)
class Definition:
    """One metric.

    Attributes:
        metric: name and direction.
        tasks: where it has a meaning.
        weighted: computes it for many weightings of the rows at once.
        rows: loss of each row ``[row]`` whose mean (or its root) it is; None where there is no such thing.
        sums: statistics of a row, and what their sums amount to; None where it is no function of sums.
    """

    metric: Metric
    tasks: tuple[Task, ...]
    weighted: Weighted
    rows: Callable[[NDArray[Any], Float64Array], Float64Array] | None = None
    sums: tuple[_sums.Rows, _sums.Combine] | None = None


def _of_sums(rows: _sums.Rows, combine: _sums.Combine) -> Weighted:
    def weighted(target: NDArray[Any], prediction: Float64Array, weights: Float64Array) -> Float64Array:
        return combine(weights @ rows(target, prediction), weights.sum(axis=1))

    return weighted


def _mean_of(
    name: str,
    tasks: tuple[Task, ...],
    rows: _sums.Rows,
    combine: _sums.Combine = _sums.mean,
    direction: Literal["minimize", "maximize"] = "minimize",
) -> Definition:
    def loss(target: NDArray[Any], prediction: Float64Array) -> Float64Array:
        values = rows(target, prediction)[:, 0]
        return values if direction == "minimize" else 1.0 - values

    metric, weighted = Metric(name=name, direction=direction), _of_sums(rows, combine)
    return Definition(metric, tasks, weighted, loss, (rows, combine))


def _whole(
    name: str, tasks: tuple[Task, ...], direction: Literal["minimize", "maximize"], weighted: Weighted
) -> Definition:
    return Definition(Metric(name=name, direction=direction), tasks, weighted)


def _summed(
    name: str,
    tasks: tuple[Task, ...],
    direction: Literal["minimize", "maximize"],
    rows: _sums.Rows,
    combine: _sums.Combine,
) -> Definition:
    metric = Metric(name=name, direction=direction)
    return Definition(metric, tasks, _of_sums(rows, combine), sums=(rows, combine))


_DEFINITIONS = (
    _mean_of("log_loss", _CLASSES, _sums.log_loss_rows),
    _mean_of("accuracy", _CLASSES, _sums.hit_rows, direction="maximize"),
    _summed("balanced_accuracy", _CLASSES, "maximize", _sums.recall_rows, _sums.mean_recall),
    _summed("macro_f1", _CLASSES, "maximize", _sums.f1_rows, _sums.mean_f1),
    _whole("roc_auc", _CLASSES, "maximize", _ranks.roc_auc),
    _whole("average_precision", (Task.BINARY,), "maximize", _ranks.average_precision),
    _mean_of("brier", _CLASSES, _sums.brier_rows),
    _whole("calibration_error", _CLASSES, "minimize", _of_sums(_sums.calibration_rows, _sums.mean_surplus)),
    _mean_of("rmse", _VALUES, _sums.squared_rows, _sums.root_mean),
    _mean_of("mse", _VALUES, _sums.squared_rows),
    _mean_of("mae", _VALUES, _sums.absolute_rows),
    _summed("r2", _VALUES, "maximize", _sums.variance_rows, _sums.explained),
)


def definitions(task: Task) -> dict[str, Definition]:
    """Return the metrics that have a meaning for `task`, by name."""
    return {one.metric.name: one for one in _DEFINITIONS if task in one.tasks}


def definition(name: str, task: Task) -> Definition:
    """Return the metric called `name`, or raise `SettingsError` with the names there are."""
    known = definitions(task)
    if name not in known:
        raise SettingsError(
            f"no metric {name!r} for a {task} target",
            received=repr(name),
            expected="one of " + ", ".join(repr(other) for other in known),
            fix=did_you_mean(name, known),
        )
    return known[name]


def values(
    one: Definition, target: NDArray[Any], prediction: Float64Array, weights: Float64Array
) -> Float64Array:
    """Return the metric for each weighting ``[resample]``; NaN throughout if a prediction is not finite."""
    if not is_finite(prediction):
        return np.full(len(weights), np.nan)
    return one.weighted(target, prediction, weights)


def metric_names(task: Task) -> tuple[str, ...]:
    """Return the names of the metrics for a task, in the order in which `evaluate` gives them.

    Example:
        >>> metric_names(Task.REGRESSION)
        ('rmse', 'mse', 'mae', 'r2')
    """
    return tuple(definitions(task))


def get_metric(name: str, task: Task) -> Metric:
    """Return the metric of that name.

    Args:
        name: one of `metric_names`.
        task: what kind of target there is.

    Returns:
        Its name and which way is better.

    Raises:
        SettingsError: there is no such metric for this task; says which there are.

    Example:
        >>> get_metric("roc_auc", Task.BINARY).direction
        'maximize'
    """
    return definition(name, task).metric


def default_metric(task: Task) -> Metric:
    """Return what a study measures unless told otherwise: log loss for classes, RMSE for values.

    Log loss sees a change in probabilities long before a predicted class flips, so it tells remedies
    apart with fewer rows than accuracy.

    Example:
        >>> default_metric(Task.REGRESSION).name
        'rmse'
    """
    return get_metric("log_loss" if task.is_classification else "rmse", task)
