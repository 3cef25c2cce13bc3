"""New rows as counts that can be added up and taken away again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.drift._binning import count_labels, count_numbers
from wellfit.drift._losses import loss_names, row_losses, usable_rows
from wellfit.drift._make import Values, prediction_columns, sureness
from wellfit.drift._reference import ColumnReference, Counts, Reference
from wellfit.records import DataError, SettingsError

MOST_UNSEEN = 50
"""Names of unseen levels that a window keeps for a column; their rows are all counted."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """Counts of some rows in the bins of a reference; the counts of two windows add up.

    Attributes:
        num_rows: rows.
        columns: ``[cell]`` of each column of the reference.
        predictions: ``[cell]`` of each column of its predictions.
        sure: ``[bin]`` rows by how sure the network was.
        num_unusable: rows whose prediction is not finite.
        num_labeled: rows whose true label is known, with a finite prediction.
        losses: ``[metric, 2]`` sums of the losses of these rows and of their squares.
        unseen: column to rows of each level that the reference does not have; at most 50 levels.
    """

    num_rows: int
    columns: tuple[Counts, ...]
    predictions: tuple[Counts, ...]
    sure: Counts
    num_unusable: int
    num_labeled: int
    losses: NDArray[np.float64]
    unseen: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])


def count(
    reference: Reference,
    columns: Mapping[str, Values],
    prediction: ArrayLike | None = None,
    *,
    target: ArrayLike | None = None,
) -> Window:
    """Return new rows as counts in the bins of the reference.

    Args:
        reference: says where the bins lie.
        columns: name to ``[row]`` numbers (NaN is missing) or labels (None is missing). A column of the
            reference that is not here is missing in every row; others are left aside.
        prediction: ``[row, class]`` or ``[row, output]``, or None.
        target: ``[row]`` class codes (-1 where not known) or ``[row, output]`` values (NaN), or None.

    Raises:
        DataError: the columns, or what the network said, differ in their number of rows.

    Example:
        >>> from wellfit.drift import make_reference
        >>> from wellfit.records import Task
        >>> reference = make_reference({"plan": ("category", ["a", "b"])}, task=Task.REGRESSION)
        >>> window = count(reference, {"plan": ["a", "c", None]})
        >>> window.columns[0].tolist(), window.unseen
        ([1, 0, 1, 1], {'plan': {'c': 1}})
    """
    said = None if prediction is None else np.asarray(prediction, np.float64)
    said = None if said is None else said.reshape(len(said), -1)
    num_rows = _num_rows(reference, columns, said)
    unseen: dict[str, Mapping[str, int]] = {}
    counted = tuple(_counted(one, columns.get(one.name), num_rows, unseen) for one in reference.columns)
    return Window(
        num_rows=num_rows,
        columns=counted,
        unseen=unseen,
        **_said(reference, said),
        **_labeled(reference, said, target),
    )


def _said(reference: Reference, said: NDArray[np.float64] | None) -> dict[str, Any]:
    """Return what is counted of predictions."""
    known = reference.predictions
    if said is None or known is None:
        empty = empty_window(reference)
        return {"predictions": empty.predictions, "sure": empty.sure, "num_unusable": 0}
    usable = usable_rows(said)
    watched = prediction_columns(reference.task, reference.class_names, said)
    sure = sureness(said[usable]) if known.sure else np.zeros(0)
    places = np.searchsorted(known.sure_lows, sure, side="right")
    return {
        "predictions": tuple(_counted(one, watched[one.name][1], len(said), {}) for one in known.columns),
        "sure": np.bincount(places, minlength=len(known.sure)).astype(np.int64),
        "num_unusable": int((~usable).sum()),
    }


def _num_rows(reference: Reference, columns: Mapping[str, Values], said: NDArray[Any] | None) -> int:
    sizes = {one.name: len(columns[one.name]) for one in reference.columns if one.name in columns}  # type: ignore[arg-type]
    if said is not None:
        sizes["what the network said"] = len(said)
    if len(set(sizes.values())) > 1:
        raise DataError(
            "columns differ in their number of rows.",
            received=", ".join(f"{name}: {size}" for name, size in list(sizes.items())[:5]),
            expected="one value a row in each",
        )
    return next(iter(sizes.values()), 0)


def _counted(
    column: ColumnReference, values: Any, num_rows: int, unseen: dict[str, Mapping[str, int]]
) -> Counts:
    if values is None:
        counts = np.zeros(column.num_cells, np.int64)
        counts[-1] = num_rows
        return counts
    if not column.is_category:
        return count_numbers(column, values)
    counts, new = count_labels(column, values)
    if new:
        unseen[column.name] = _most(new)
    return counts


def _labeled(
    reference: Reference, said: NDArray[np.float64] | None, target: ArrayLike | None
) -> dict[str, Any]:
    """Return how many rows have a label, and the sums of their losses."""
    names = loss_names(reference.task)
    if said is None or target is None:
        return {"num_labeled": 0, "losses": np.zeros((len(names), 2))}
    truth = np.asarray(target)
    if len(truth) != len(said):
        raise DataError(
            "there is not one label a row.", received=f"{len(truth)} labels", expected=f"{len(said)}"
        )
    if reference.task.is_classification:
        known = (truth >= 0) & (truth < said.shape[1]) & usable_rows(said)
    else:
        known = usable_rows(truth.astype(np.float64)) & usable_rows(said)
    losses = row_losses(reference.task, truth[known], said[known])
    return {
        "num_labeled": int(known.sum()),
        "losses": np.stack([losses.sum(axis=1), np.square(losses).sum(axis=1)], axis=1),
    }


def empty_window(reference: Reference) -> Window:
    """Return a window without rows: what sums begin with."""
    said = reference.predictions
    return Window(
        num_rows=0,
        columns=tuple(np.zeros(one.num_cells, np.int64) for one in reference.columns),
        predictions=() if said is None else tuple(np.zeros(one.num_cells, np.int64) for one in said.columns),
        sure=np.zeros(0 if said is None else len(said.sure), np.int64),
        num_unusable=0,
        num_labeled=0,
        losses=np.zeros((len(loss_names(reference.task)), 2)),
    )


def add(first: Window, *others: Window) -> Window:
    """Return the window of all their rows.

    Raises:
        SettingsError: they were counted for different references.

    Example:
        >>> from wellfit.drift import make_reference
        >>> from wellfit.records import Task
        >>> reference = make_reference({"x": ("number", [1.0, 2.0])}, task=Task.REGRESSION)
        >>> add(count(reference, {"x": [1.0]}), count(reference, {"x": [2.0, 2.0]})).columns[0].tolist()
        [0, 1, 2, 0, 0]
    """
    total = first
    for other in others:
        total = _combined(total, other, 1)
    return total


def take_away(total: Window, part: Window) -> Window:
    """Return `total` without the rows of `part`, which was added to it before.

    Raises:
        SettingsError: they were counted for different references.
    """
    return _combined(total, part, -1)


def _combined(one: Window, other: Window, sign: int) -> Window:
    if [a.shape for a in (*one.columns, *one.predictions, one.sure)] != [
        a.shape for a in (*other.columns, *other.predictions, other.sure)
    ]:
        raise SettingsError(
            "these windows cannot be added up.",
            received=f"{len(one.columns)} and {len(other.columns)} columns with other bins",
            expected="windows that were counted for one reference",
        )
    names = dict.fromkeys([*one.unseen, *other.unseen])
    unseen = {name: _joined(one.unseen.get(name, {}), other.unseen.get(name, {}), sign) for name in names}
    return Window(
        num_rows=one.num_rows + sign * other.num_rows,
        columns=tuple(a + sign * b for a, b in zip(one.columns, other.columns, strict=True)),
        predictions=tuple(a + sign * b for a, b in zip(one.predictions, other.predictions, strict=True)),
        sure=one.sure + sign * other.sure,
        num_unusable=one.num_unusable + sign * other.num_unusable,
        num_labeled=one.num_labeled + sign * other.num_labeled,
        losses=one.losses + sign * other.losses,
        unseen={name: levels for name, levels in unseen.items() if levels},
    )


def _joined(one: Mapping[str, int], other: Mapping[str, int], sign: int) -> dict[str, int]:
    total = {level: one.get(level, 0) + sign * other.get(level, 0) for level in {**one, **other}}
    return _most({level: number for level, number in total.items() if number > 0})


def _most(levels: Mapping[str, int]) -> dict[str, int]:
    kept = sorted(levels, key=lambda level: (-levels[level], level))[:MOST_UNSEEN]
    return {level: levels[level] for level in kept}
