"""Reports with evaluation and data, made from seeds: classes, values, and odd ones."""

from __future__ import annotations

import dataclasses

import numpy as np
from report_samples import HOSTILE, full, regression

from wellfit.data import ReadableColumn
from wellfit.evaluation import column_view, holdout_view
from wellfit.records import DataView, Evaluation, LabelSuspect, Mistake, MoreData, Report, Task


def columns(num_rows: int) -> tuple[ReadableColumn, ...]:
    """Return a column of numbers with gaps, one of two categories, and one with a name to beware of."""
    rng = np.random.default_rng(0)
    tenure = rng.gamma(2, 20, num_rows)
    tenure[::9] = np.nan
    return (
        ReadableColumn(name="tenure", kind="numeric", numbers=tenure),
        ReadableColumn(
            name="contract", kind="category", codes=np.arange(num_rows) % 2, labels=("month", HOSTILE)
        ),
        ReadableColumn(name=HOSTILE, kind="integer", numbers=rng.integers(0, 3, num_rows).astype(float)),
    )


def data_view(num_rows: int = 300) -> DataView:
    """Return the columns as counts, with labels in doubt."""
    target = ReadableColumn(
        name="churn", kind="target", codes=np.arange(num_rows) % 3 // 2, labels=("No", "Yes")
    )
    return DataView(
        num_rows=num_rows,
        num_columns=50,
        target=column_view(target),
        columns=tuple(column_view(column, 0.2) for column in columns(num_rows)),
        suspects=(
            LabelSuspect(row=1203, label="No", said="Yes", probability=0.98, probability_of_label=0.0002),
        ),
        num_suspects=4,
        num_judged=280,
    )


def binary_view(num_rows: int = 400) -> Evaluation:
    """Return two networks on a holdout of two classes; every second row is hard."""
    rng = np.random.default_rng(1)
    said = np.clip(rng.beta(0.5, 1, num_rows), 0.01, 0.99)
    target = (rng.random(num_rows) < said).astype(int)
    told = np.where(np.arange(num_rows) % 2, 1 - said, said)
    networks = {name: np.stack([1 - p, p], axis=1) for name, p in (("chosen", told), ("baseline", said**2))}
    seen = holdout_view(
        Task.BINARY, target, networks, class_names=("No", "Yes"), columns=columns(num_rows), metric="log_loss"
    )
    return dataclasses.replace(
        seen,
        mistakes=(Mistake(row=5812, true="Yes", predicted="No", amount=0.0003, cells=("71", HOSTILE)),),
        mistake_columns=("tenure", HOSTILE),
    )


def evaluated() -> Report:
    """Return a study of two classes with everything."""
    sizes = (500, 700, 1000, 1400, 2000)
    curve = MoreData(
        extra_rows=1000,
        estimate=0.02,
        low=0.01,
        high=0.03,
        unit="log_loss",
        sizes=sizes,
        losses=(0.5, 0.48, 0.46, 0.45, 0.44),
        num_rows=2500,
        loss_now=0.43,
        fitted_sizes=(500, 1000, 2500, 3500),
        fitted_losses=(0.5, 0.46, 0.43, 0.41),
    )
    return dataclasses.replace(full(), evaluation=binary_view(), data=data_view(), more_data=curve)


def evaluated_classes() -> Report:
    """Return a study of five classes."""
    rng = np.random.default_rng(2)
    target = rng.integers(0, 5, 200)
    said = 0.7 * rng.dirichlet(np.ones(5), 200) + 0.3 * np.eye(5)[target]
    names = ("one", "two", HOSTILE, "four", "five")
    seen = holdout_view(Task.MULTICLASS, target, {"chosen": said}, class_names=names)
    return dataclasses.replace(
        full(), task=Task.MULTICLASS, evaluation=seen, class_names=names, confusion=None
    )


def evaluated_values() -> Report:
    """Return a study of values."""
    rng = np.random.default_rng(3)
    true = rng.normal(200_000, 50_000, 700)
    seen = holdout_view(
        Task.REGRESSION,
        true[:, None],
        {"chosen": true[:, None] + rng.normal(0, 20_000, (700, 1))},
        columns=columns(700),
    )
    return dataclasses.replace(regression(), evaluation=seen, data=data_view())


def without_predictions() -> Report:
    """Return a study whose network gives no number."""
    seen = holdout_view(Task.BINARY, np.array([0, 1]), {"chosen": np.full((2, 2), np.nan)})
    return dataclasses.replace(full(), evaluation=seen)


EVALUATED = {
    "evaluated": evaluated,
    "classes": evaluated_classes,
    "values": evaluated_values,
    "no predictions": without_predictions,
}
