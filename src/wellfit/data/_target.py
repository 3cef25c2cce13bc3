"""What is to be predicted: the task, the classes, and rows that tell nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wellfit.data._cells import is_text, is_usable, read_labels, read_numbers
from wellfit.data._table import Table, check_column
from wellfit.data._word_schema import natural_order
from wellfit.records import (
    CleaningStep,
    SettingsError,
    TargetError,
    TargetNotFoundError,
    Task,
    did_you_mean,
    shorten,
)

MAX_AUTO_CLASSES = 20
FEW_ROWS = 5
_TASKS = ("auto", "classification", "binary", "multiclass", "regression")


@dataclass(frozen=True, kw_only=True)
class Target:
    """The column to predict.

    Attributes:
        name: the column's name.
        task: binary, multiclass or regression.
        class_names: labels in code order; empty for regression.
        reason: why it has this task, in a few words.
        steps: what was done or should be known, for the cleaning log.
    """

    name: str
    task: Task
    class_names: tuple[str, ...] = ()
    reason: str = ""
    steps: tuple[CleaningStep, ...] = ()


def infer_target(table: Table, name: str, task: str = "auto") -> Target:
    """Return what predicting column `name` means; rows where it is missing are left out and counted.

    With ``task="auto"`` text and yes-or-no are classes, and so are whole numbers with at most 20
    different values that come five times each on average; other numbers are regression. Classes are
    coded 0 to k-1 in sorted order, by number if all labels are numbers, else by text.

    Args:
        table: with the target column.
        name: the column.
        task: auto, classification, binary, multiclass or regression.

    Raises:
        TargetNotFoundError: there is no such column.
        TargetError: the target is missing everywhere, constant, infinite, or has too many classes.
        SettingsError: there is no such task, or "binary" was asked for and there are other than two classes.

    Example:
        >>> from wellfit.data import read_table
        >>> infer_target(read_table({"y": ["no", "yes"] * 10}), "y").class_names
        ('no', 'yes')
    """
    check_column(table, name, role="target", error=TargetNotFoundError)
    _check_task(task)
    column = table.column(name)
    _refuse_nested(table, column)
    labels = read_labels(column)
    known = labels.drop_nulls()
    _refuse_empty(table, name, known)
    steps = _missing_step(name, labels.null_count())
    numbers = _numbers(column, table.decimal)
    resolved, reason = _resolve(task, known, numbers)
    if resolved == "regression":
        _check_regression(table, name, column, numbers)
        _refuse_constant(name, known.n_unique(), str(known[0]))
        return Target(name=name, task=Task.REGRESSION, reason=reason, steps=steps)
    classes = tuple(natural_order(known.unique().to_list()))
    counts = known.value_counts(name="count")
    _check_classes(name, classes, counts["count"], task)
    return Target(
        name=name,
        task=Task.BINARY if len(classes) == 2 else Task.MULTICLASS,
        class_names=classes,
        reason=reason,
        steps=(*steps, *_rare_steps(name, counts)),
    )


def target_values(target: Target, table: Table) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Return ``[row]`` int32 codes or ``[row, 1]`` float32 values, and ``[row]`` whether there is a value.

    Raises:
        TargetError: a label is not one of the classes, or a value is not a number.
    """
    column = table.column(target.name)
    if target.task is Task.REGRESSION:
        _check_regression(table, target.name, column, _numbers(column, table.decimal))
        values = read_numbers(column, table.decimal).values
        return values.astype(np.float32)[:, np.newaxis], np.isfinite(values)
    labels = read_labels(column)
    codes = labels.replace_strict(
        list(target.class_names), list(range(len(target.class_names))), default=-1, return_dtype=pl.Int32
    ).to_numpy()
    unknown = (codes < 0) & labels.is_not_null().to_numpy()
    if unknown.any():
        row = int(np.flatnonzero(unknown)[0])
        raise TargetError(
            f"column {target.name!r} holds a class that the training rows do not have.",
            received=f"{labels[row]!r} in row {row + 1} of {table.name}",
            expected=f"one of {shorten(target.class_names, 8)}",
            fix="leave such rows out, or train on rows that have them",
        )
    return codes.astype(np.int32), labels.is_not_null().to_numpy()


def _check_task(task: str) -> None:
    if task not in _TASKS:
        raise SettingsError(
            f"there is no task {task!r}.",
            received=f"task={task!r}",
            expected=", ".join(repr(known) for known in _TASKS),
            fix=did_you_mean(task, _TASKS) or "leave it out to have it found",
        )


def _refuse_empty(table: Table, name: str, known: pl.Series) -> None:
    if len(known):
        return
    raise TargetError(
        f"target {name!r} is missing in every row of {table.name}.",
        received=f"{table.num_rows} missing cells",
        expected="a value in most rows",
        fix="choose another column",
    )


def _refuse_nested(table: Table, column: pl.Series) -> None:
    if is_usable(column):
        return
    raise TargetError(
        f"target {column.name!r} of {table.name} holds neither numbers nor labels.",
        received=f"cells of type {column.dtype}",
        expected="one number or one label in each row",
        fix="choose another column",
    )


def _refuse_constant(name: str, num_unique: int, value: str) -> None:
    if num_unique > 1:
        return
    raise TargetError(
        f"target {name!r} is constant: there is nothing to learn.",
        received=f"{value!r} in every row",
        expected="at least two different values",
        fix="choose another column, or add rows with other values",
    )


def _missing_step(name: str, num_missing: int) -> tuple[CleaningStep, ...]:
    if not num_missing:
        return ()
    return (CleaningStep(column=name, action="rows without a target left out", num_cells=num_missing),)


def _numbers(column: pl.Series, decimal: str) -> NDArray[np.float64] | None:
    """Return the known values as float64, infinite ones included; None if any is not a number."""
    if not (is_text(column) or column.dtype.is_numeric() or column.dtype == pl.Duration):
        return None
    numbers = read_numbers(column, decimal)
    return None if numbers.wrong.any() else numbers.values[np.isfinite(numbers.values)]


def _resolve(task: str, known: pl.Series, numbers: NDArray[np.float64] | None) -> tuple[str, str]:
    if task != "auto":
        return ("regression" if task == "regression" else "classification"), "as asked for"
    if numbers is None or not len(numbers):
        return "classification", "labels that are not numbers"
    num_unique = len(np.unique(numbers))
    if num_unique <= 2:
        return "classification", "two values"
    if not (numbers == np.floor(numbers)).all():
        return "regression", "numbers with fractions"
    if num_unique <= min(MAX_AUTO_CLASSES, len(known) // 5):
        return "classification", f"{num_unique} different whole numbers"
    return "regression", f"{num_unique} different numbers"


def _check_regression(
    table: Table, name: str, column: pl.Series, numbers: NDArray[np.float64] | None
) -> None:
    """Raise TargetError if a cell is not a number or is infinite."""
    read = read_numbers(column, table.decimal)
    bad = read.wrong.copy()
    if read.num_infinite:
        bad |= ~np.isfinite(read.values) & read_labels(column).is_not_null().to_numpy()
    if numbers is not None and not bad.any():
        return
    row = int(np.flatnonzero(bad)[0]) if bad.any() else 0
    what = "infinite values" if read.num_infinite and not read.wrong.any() else "cells that are not numbers"
    raise TargetError(
        f"target {name!r} has {what}.",
        received=f"{column[row]!r} in row {row + 1} ({int(bad.sum())} such rows)",
        expected="finite numbers, or missing cells (such rows are left out)",
        fix="mend those rows, or ask for task='classification' if the values are classes",
    )


def _check_classes(name: str, classes: tuple[str, ...], counts: pl.Series, task: str) -> None:
    num_rows, num_classes = int(counts.sum()), len(classes)
    _refuse_constant(name, num_classes, classes[0])
    if int(counts.max() or 0) == 1:  # pyright: ignore[reportArgumentType]
        raise TargetError(
            f"target {name!r} has one row for each class: nothing can be learned or checked.",
            received=f"{num_classes} classes in {num_rows} rows, such as {shorten(classes)}",
            expected="several rows for each class",
            fix="choose another column, or ask for task='regression' if it holds numbers",
        )
    if num_classes > 2 and num_classes > num_rows / 5:
        raise TargetError(
            f"target {name!r} has too many classes for its rows.",
            received=f"{num_classes} classes in {num_rows} rows, such as {shorten(classes)}",
            expected=f"at most {num_rows // 5} classes (a fifth of the rows)",
            fix="merge classes, add rows, or ask for task='regression' if it holds numbers",
        )
    if task == "binary" and num_classes != 2:
        raise SettingsError(
            f"target {name!r} is not binary.",
            received=f"task='binary'; classes {shorten(classes, 5)}",
            expected="exactly two classes",
            fix="ask for task='classification'",
        )


def _rare_steps(name: str, counts: pl.DataFrame) -> tuple[CleaningStep, ...]:
    rare = counts.filter(pl.col("count") < FEW_ROWS).sort(name)
    if not rare.height:
        return ()
    action = (
        f"classes with fewer than {FEW_ROWS} rows kept, their scores are uncertain: {shorten(rare[name])}"
    )
    return (CleaningStep(column=name, action=action, num_cells=int(rare["count"].sum())),)
