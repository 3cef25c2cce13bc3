"""The reference of a study: its training rows and its predictions for the holdout, counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.drift._binning import category_reference, number_reference
from wellfit.drift._losses import loss_names, row_losses, usable_rows
from wellfit.drift._reference import ColumnReference, Kind, PredictionReference, Reference, SureBin
from wellfit.records import Scored, Task

MOST_CLASSES, MOST_OUTPUTS = 20, 8
PREDICTED_CLASS = "predicted class"
_MOST_SURE_BINS, _LEAST_SURE_ROWS = 10, 20

Values = ArrayLike | Sequence[str | None]


def make_reference(
    columns: Mapping[str, tuple[Kind, Values]],
    *,
    task: Task,
    class_names: tuple[str, ...] = (),
    metric: str = "",
    direction: Literal["minimize", "maximize"] = "minimize",
    score: Scored | None = None,
    chance: float = float("nan"),
    prediction: ArrayLike | None = None,
    target: ArrayLike | None = None,
) -> Reference:
    """Return what new rows will be held against.

    Args:
        columns: name to kind and ``[row]`` values of the training rows: numbers (NaN is missing), or labels
            (None is missing).
        task: what kind of target there is.
        class_names: labels in code order.
        metric: what the study measured in.
        direction: which way that metric is better.
        score: on the holdout.
        chance: of the best constant on the holdout.
        prediction: for the holdout, ``[row, class]`` or ``[row, output]``; None without a holdout.
        target: of the holdout.

    Example:
        >>> rows = {"age": ("number", [20.0, 30.0]), "plan": ("category", ["free", "pro"])}
        >>> make_reference(rows, task=Task.REGRESSION).columns[1].levels
        ('free', 'pro')
    """
    unknown = Scored(value=float("nan"), low=float("nan"), high=float("nan"))
    said = None if prediction is None else np.asarray(prediction, np.float64)
    return Reference(
        task=task,
        class_names=class_names,
        metric=metric,
        direction=direction,
        score=score or unknown,
        chance=chance,
        columns=tuple(_column(name, kind, values) for name, (kind, values) in columns.items()),
        predictions=None
        if said is None or target is None
        else _predictions(task, class_names, said.reshape(len(said), -1), np.asarray(target)),
    )


def _column(name: str, kind: Kind, values: Any) -> ColumnReference:
    return category_reference(name, values) if kind == "category" else number_reference(name, values, kind)


def prediction_columns(
    task: Task, class_names: tuple[str, ...], prediction: NDArray[np.float64]
) -> dict[str, tuple[Kind, Any]]:
    """Return what is watched of predictions: probabilities and the predicted class, or values.

    Of two classes the second alone: the other says the same. Of many the first 20, of outputs the first 8.

    Args:
        task: what kind of target there is.
        class_names: labels in code order.
        prediction: ``[row, class]`` or ``[row, output]``; rows that are not finite are missing.
    """
    if not task.is_classification:
        names = ["predicted value"] if prediction.shape[1] == 1 else []
        names = names or [f"output {i + 1}" for i in range(min(prediction.shape[1], MOST_OUTPUTS))]
        return {name: ("number", prediction[:, i]) for i, name in enumerate(names)}
    places = [1] if len(class_names) == 2 else range(min(len(class_names), MOST_CLASSES))
    found: dict[str, tuple[Kind, Any]] = {
        f"probability of {class_names[i]}": ("number", prediction[:, i]) for i in places
    }
    usable = usable_rows(prediction)
    codes = np.where(usable[:, None], prediction, 0.0).argmax(axis=1).tolist()
    said: list[str | None] = [
        class_names[code] if good else None for code, good in zip(codes, usable, strict=True)
    ]
    return {**found, PREDICTED_CLASS: ("category", said)}


def _predictions(
    task: Task, class_names: tuple[str, ...], prediction: NDArray[np.float64], target: NDArray[Any]
) -> PredictionReference | None:
    if not len(prediction):
        return None
    columns = prediction_columns(task, class_names, prediction)
    return PredictionReference(
        num_rows=len(prediction),
        columns=tuple(_column(name, kind, values) for name, (kind, values) in columns.items()),
        sure=_sure_bins(task, prediction, target) if task.is_classification else (),
    )


def _sure_bins(task: Task, prediction: NDArray[np.float64], target: NDArray[Any]) -> tuple[SureBin, ...]:
    """Return at most 10 bins of equally many rows, at least 20 each; fewer rows say little of a bin."""
    usable = usable_rows(prediction)
    if not usable.any():
        return ()
    losses = row_losses(task, target[usable], prediction[usable])
    sure = sureness(prediction[usable])
    num_bins = int(np.clip(len(sure) // _LEAST_SURE_ROWS, 1, _MOST_SURE_BINS))
    lows = np.unique(np.quantile(sure, np.arange(1, num_bins) / num_bins))
    lows = lows[lows > sure.min()]
    places = np.searchsorted(lows, sure, side="right")
    found: list[SureBin] = []
    for place in range(len(lows) + 1):
        inside = losses[:, places == place]
        found.append(
            SureBin(
                low=float(sure.min()) if place == 0 else float(lows[place - 1]),
                num_rows=inside.shape[1],
                means=dict(zip(loss_names(task), inside.mean(axis=1).tolist(), strict=True)),
                variances=dict(zip(loss_names(task), inside.var(axis=1).tolist(), strict=True)),
            )
        )
    return tuple(found)


def sureness(prediction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``[row]`` probability of the most probable class."""
    return prediction.max(axis=1) / prediction.sum(axis=1)
