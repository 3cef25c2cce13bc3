"""All that is to be said of a network on rows that it has not seen, from its predictions alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data import ReadableColumn
from wellfit.evaluation._check import Float64Array, checked
from wellfit.evaluation._class_scores import class_scores
from wellfit.evaluation._residuals import residuals
from wellfit.evaluation._row_groups import row_groups
from wellfit.evaluation._score_curves import (
    hardest_classes,
    reliability_curve,
    score_curve,
    threshold_scores,
)
from wellfit.evaluation._score_intervals import score_intervals
from wellfit.records import Evaluation, ScoreCurve, Task

MOST_MISTAKES = 10
MOST_CURVES = 4


def holdout_view(
    task: Task,
    target: NDArray[Any],
    predictions: Mapping[str, NDArray[Any]],
    *,
    class_names: Sequence[str] = (),
    metric: str = "",
    columns: Sequence[ReadableColumn] = (),
    groups: NDArray[Any] | None = None,
    seed: int = 0,
) -> Evaluation:
    """Return the evaluation of the network called ``chosen``; one called ``baseline`` stands beside it.

    Rows without a finite prediction of the chosen network are counted and left out. What is not defined, such
    as a curve where the holdout has one class, is missing.

    Args:
        task: what kind of target there is.
        target: ``[row]`` class codes, or ``[row, output]`` values.
        predictions: of each network, ``[row, class]`` probabilities or ``[row, output]`` values.
        class_names: in code order.
        metric: of the study; groups of rows are compared in it where it says something of single rows.
        columns: readable columns of these rows, by which groups are formed.
        groups: ``[row]`` codes of rows that belong together, or None.
        seed: of the bootstrap.

    Raises:
        DataError: the shapes or values do not fit together.

    Example:
        >>> said = np.array([[0.8, 0.2], [0.4, 0.6], [0.7, 0.3]])
        >>> found = holdout_view(Task.BINARY, np.array([0, 1, 1]), {"chosen": said})
        >>> found.curves[0].roc_auc, found.num_mistakes
        (1.0, 1)
    """
    num_rows = len(target)
    if not num_rows:
        return Evaluation(num_rows=0)
    usable = usable_rows(predictions["chosen"])
    seen = Evaluation(num_rows=num_rows, num_unusable=num_rows - len(usable))
    if not len(usable):
        return seen
    truth, said = checked(task, target[usable], predictions["chosen"][usable])
    units = None if groups is None else groups[usable]
    if units is not None and len(np.unique(units)) == len(units):
        units = None
    others = {
        name: checked(task, target[usable], other[usable])[1]
        for name, other in predictions.items()
        if name != "chosen" and np.isfinite(other[usable]).all()
    }
    loss = _group_metric(task, metric)
    found, looked = row_groups(
        [column.take(usable.astype(np.int32)) for column in columns], task, loss, truth, said, units=units
    )
    seen = replace(
        seen,
        scores=score_intervals(task, truth, said, groups=units, seed=seed),
        groups=found,
        num_groups=looked,
        group_loss=_LOSS_NAMES[loss],
    )
    if not task.is_classification:
        return replace(seen, residuals=residuals(truth, said))
    networks = {"chosen": said, **others}
    return replace(
        seen,
        curves=_curves(task, truth, networks, class_names),
        num_curve_classes=int((np.bincount(truth) > 0).sum()),
        reliability=tuple(reliability_curve(truth, own, network=name) for name, own in networks.items()),
        thresholds=threshold_scores(truth == 1, said[:, 1]) if task is Task.BINARY else (),
        classes=class_scores(truth, said, class_names, groups=units, seed=seed),
        num_mistakes=int((said.argmax(axis=1) != truth).sum()),
    )


def usable_rows(prediction: NDArray[Any]) -> NDArray[np.intp]:
    """Return the rows whose predictions are all finite."""
    return np.flatnonzero(np.isfinite(prediction.reshape(len(prediction), -1)).all(axis=1))


def worst_rows(
    task: Task, target: NDArray[Any], prediction: NDArray[Any]
) -> tuple[NDArray[np.intp], Float64Array]:
    """Return at most ten rows that a network is farthest off on, and how far it is.

    Of classes the wrong rows whose own class was least probable, with that probability; of values the rows of
    the largest residuals (of the first output), with these.

    Example:
        >>> rows, left = worst_rows(Task.REGRESSION, np.array([1.0, 2.0]), np.array([1.5, 5.0]))
        >>> rows.tolist(), left.tolist()
        ([1, 0], [-3.0, -0.5])
    """
    usable = usable_rows(prediction)
    if not len(usable):
        return usable, np.zeros(0)
    if not task.is_classification:
        left = np.asarray(target, np.float64).reshape(len(target), -1)[usable, 0]
        left = left - np.asarray(prediction, np.float64).reshape(len(target), -1)[usable, 0]
        order = np.argsort(-np.abs(left), kind="stable")[:MOST_MISTAKES]
        order = order[left[order] != 0]
        return usable[order], left[order]
    truth, said = checked(task, target[usable], prediction[usable])
    own = said[np.arange(len(truth)), truth]
    wrong = np.flatnonzero(said.argmax(axis=1) != truth)
    order = wrong[np.argsort(own[wrong], kind="stable")[:MOST_MISTAKES]]
    return usable[order], own[order]


_LOSS_NAMES = {"log_loss": "log loss", "accuracy": "share of mistakes", "mae": "mean absolute error"}


def _group_metric(task: Task, metric: str) -> str:
    """Return what groups are compared in: squares of residuals would be in no unit that anybody knows."""
    if not task.is_classification:
        return "mae"
    return "accuracy" if metric in ("accuracy", "balanced_accuracy", "macro_f1") else "log_loss"


def _curves(
    task: Task, truth: NDArray[Any], networks: Mapping[str, Float64Array], names: Sequence[str]
) -> tuple[ScoreCurve, ...]:
    if task is Task.BINARY:
        asked = [(name, 1) for name in networks]
    else:
        asked = [("chosen", code) for code in hardest_classes(truth, networks["chosen"], MOST_CURVES)]
    found = (
        score_curve(
            truth == code,
            networks[name][:, code],
            network=name,
            positive=names[code] if code < len(names) else str(code),
        )
        for name, code in asked
    )
    return tuple(curve for curve in found if curve is not None)
