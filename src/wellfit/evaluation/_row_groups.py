"""Groups of rows that a network does worse on than on the rest, beyond chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data import ReadableColumn
from wellfit.evaluation._check import Float64Array
from wellfit.evaluation._evaluate import per_row_loss
from wellfit.evaluation._student import student_quantile
from wellfit.records import RowGroup, Task

MISSING = "missing"
FEWEST_ROWS = 20
"""Units in a group, and outside it: of fewer a mean says too little, and its error nothing at all."""
_NUM_BINS, _MOST_CATEGORIES, _MOST_GROUPS = 4, 20, 10
_LEVEL = 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class _Group:
    column: str
    label: str
    member: NDArray[np.bool_]


def row_groups(
    columns: Sequence[ReadableColumn],
    task: Task,
    metric: str,
    target: NDArray[Any],
    prediction: NDArray[Any],
    *,
    units: NDArray[Any] | None = None,
) -> tuple[tuple[RowGroup, ...], int]:
    """Return the groups of rows that lose more than the rest, the surest first, and how many were looked at.

    A group is a category of a column, a quarter of its numbers, or its missing cells, with at least 20 rows
    inside and outside. The difference of mean losses has a Welch interval at ``1 - 0.05 / m`` for m groups
    (Bonferroni), so that of groups that are all alike one is named in at most 5 % of studies.

    Args:
        columns: with one value for each row.
        task: what kind of target there is.
        metric: a metric that is a mean over rows.
        target: ``[row]`` class codes, or ``[row, output]`` values.
        prediction: ``[row, class]`` probabilities or ``[row, output]`` values, finite.
        units: ``[row]`` codes of rows that belong together: each unit counts once. None: every row is one.

    Example:
        >>> color = ReadableColumn(name="color", kind="category", codes=np.arange(200) % 2, labels=("a", "b"))
        >>> noise = np.random.default_rng(0).normal(size=200)
        >>> truth = np.zeros((200, 1))
        >>> said = np.where(np.arange(200) % 2, 5 + noise, noise)[:, None]
        >>> found, count = row_groups([color], Task.REGRESSION, "mae", truth, said)
        >>> [(one.column, one.group) for one in found], count
        ([('color', 'b')], 2)

    Source:
        Welch, The Generalization of Student's Problem, 1947; Dunn, Multiple Comparisons Among Means, 1961.
    """
    losses = per_row_loss(metric, task, target, prediction)
    looked = [one for column in columns for one in _groups(column) if _is_large(one.member, units)]
    found: list[RowGroup] = []
    for one in looked:
        inside, outside = (
            losses[side] if units is None else unit_means(units[side], losses[side])
            for side in (one.member, ~one.member)
        )
        difference, error, freedom = welch_difference(inside, outside)
        half = student_quantile(1 - _LEVEL / (2 * len(looked)), freedom) * error
        if difference - half <= 0:
            continue
        found.append(
            RowGroup(
                column=one.column,
                group=one.label,
                num_rows=int(one.member.sum()),
                loss=float(inside.mean()),
                rest=float(outside.mean()),
                difference=difference,
                low=difference - half,
                high=difference + half,
                constant_loss=_constant_loss(metric, task, target[one.member]),
            )
        )
    return tuple(sorted(found, key=lambda one: -one.low)[:_MOST_GROUPS]), len(looked)


def welch_difference(first: Float64Array, second: Float64Array) -> tuple[float, float, float]:
    """Return how far the mean of `first` is above that of `second`, its standard error and its freedom.

    Example:
        >>> difference, error, freedom = welch_difference(np.array([2.0, 4.0]), np.array([1.0, 1.0, 1.0]))
        >>> difference, error, freedom
        (2.0, 1.0, 1.0)
    """
    parts = np.array([values.var(ddof=1) / len(values) for values in (first, second)])
    weights = np.array([len(first) - 1, len(second) - 1])
    total = float(parts.sum())
    freedom = total**2 / float((parts**2 / weights).sum()) if total > 0 else float(weights.sum())
    return float(first.mean() - second.mean()), float(np.sqrt(total)), freedom


def unit_means(units: NDArray[Any], values: Float64Array) -> Float64Array:
    """Return the mean value of each unit: its rows are no independent cases.

    Example:
        >>> unit_means(np.array([7, 7, 3]), np.array([0.0, 1.0, 2.0])).tolist()
        [2.0, 0.5]
    """
    codes = np.unique(units, return_inverse=True)[1].reshape(-1)
    return np.bincount(codes, weights=values) / np.bincount(codes)


def binned(numbers: Float64Array, num_bins: int) -> tuple[NDArray[np.intp], Float64Array]:
    """Return ``[row]`` codes of quantile bins, -1 where there is no number, and the inner edges.

    Example:
        >>> codes, edges = binned(np.array([1.0, 2.0, 3.0, 4.0, np.nan]), 2)
        >>> codes.tolist(), edges.tolist()
        ([0, 0, 1, 1, -1], [2.5])
    """
    known = np.isfinite(numbers)
    if not known.any():
        return np.full(len(numbers), -1, np.intp), np.zeros(0)
    edges = np.unique(np.quantile(numbers[known], np.arange(1, num_bins) / num_bins))
    codes = np.searchsorted(edges, numbers, side="left").astype(np.intp)
    return np.where(known, codes, -1), edges


def _groups(column: ReadableColumn) -> Iterator[_Group]:
    if column.numbers is not None:
        codes, edges = binned(column.numbers, _NUM_BINS)
        labels = _ranges(edges)
    else:
        assert column.codes is not None
        codes, labels = column.codes, column.labels
        if len(labels) > _MOST_CATEGORIES:
            counts = np.bincount(codes[codes >= 0], minlength=len(labels))
            kept = np.argsort(-counts, kind="stable")[:_MOST_CATEGORIES]
            for code in (int(one) for one in kept):
                yield _Group(column=column.name, label=labels[code], member=codes == code)
            labels = ()
    for code, label in enumerate(labels):
        yield _Group(column=column.name, label=label, member=codes == code)
    yield _Group(column=column.name, label=MISSING, member=codes < 0)


def _ranges(edges: Float64Array) -> tuple[str, ...]:
    """Return names of the bins between edges; a value on an edge belongs to the bin below."""
    if not len(edges):
        return ("any",)
    digits = next((n for n in range(4, 17) if len({f"{edge:.{n}g}" for edge in edges}) == len(edges)), 17)
    ends = [f"{edge:.{digits}g}" for edge in edges]
    middle = [f"over {low} to {high}" for low, high in pairwise(ends)]
    return (f"up to {ends[0]}", *middle, f"over {ends[-1]}")


def _is_large(member: NDArray[np.bool_], units: NDArray[Any] | None) -> bool:
    if min(int(member.sum()), int((~member).sum())) < FEWEST_ROWS:
        return False
    return units is None or all(len(np.unique(units[side])) >= FEWEST_ROWS for side in (member, ~member))


def _constant_loss(metric: str, task: Task, target: NDArray[Any]) -> float:
    """Return what the constant that fits these rows best would lose on them."""
    if task.is_classification:
        shares = np.bincount(target) / len(target)
        shares = np.append(shares, 0.0) if len(shares) < 2 else shares
        constant = np.broadcast_to(shares, (len(target), len(shares)))
    else:
        values = target.reshape(len(target), -1)
        center = np.median(values, axis=0) if metric == "mae" else values.mean(axis=0)
        constant = np.broadcast_to(center, values.shape)
    return float(per_row_loss(metric, task, target, constant).mean())
