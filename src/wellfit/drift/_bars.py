"""The groups of a column by name, with their shares before and now: what is drawn of it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wellfit.drift._effect import groups_of
from wellfit.drift._reference import ColumnReference, Counts

MOST_LEVELS = 10
OTHER, NEVER_SEEN, MISSING = "other", "never seen", "missing"


def bars(
    column: ColumnReference, counts: Counts
) -> tuple[tuple[str, ...], tuple[float, ...], tuple[float, ...]]:
    """Return labels, shares of the window and shares of the reference; what is empty in both is left out.

    Dates have none: bars that say days since 1970 say nothing. Nor have columns whose values are too many to
    be counted one by one.

    Args:
        column: the reference.
        counts: ``[cell]`` of the window.

    Example:
        >>> from wellfit.drift._binning import number_reference
        >>> bars(number_reference("n", [1.0, 2.0]), np.array([0, 1, 0, 1, 0]))
        (('1', '2', 'above 2'), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0))
    """
    is_hashed = column.is_category and not column.levels
    if column.kind == "date" or is_hashed or not column.counts or not counts.sum():
        return (), (), ()
    labels, groups = _levels(column, counts) if column.is_category else _ranges(column)
    old, new = (
        np.bincount(groups, weights=values, minlength=len(labels)) for values in (column.cells, counts)
    )
    kept = np.flatnonzero(old + new > 0)
    shares = [tuple((values / values.sum())[kept].round(6).tolist()) for values in (new, old)]
    return tuple(labels[place] for place in kept), shares[0], shares[1]


def _levels(column: ColumnReference, counts: Counts) -> tuple[list[str], NDArray[np.intp]]:
    """Return the levels that have most rows on both sides together, and the group of each cell."""
    pooled = column.cells / max(column.cells.sum(), 1) + counts / counts.sum()
    order = np.argsort(-pooled[: len(column.levels)], kind="stable")[:MOST_LEVELS]
    groups = np.full(len(counts), len(order), np.intp)
    groups[order] = np.arange(len(order))
    groups[-2:] = len(order) + 1, len(order) + 2
    return [*(column.levels[place] for place in order), OTHER, NEVER_SEEN, MISSING], groups


def _ranges(column: ColumnReference) -> tuple[list[str], NDArray[np.intp]]:
    groups = groups_of(column)
    ends = [column.least, *column.cuts, column.greatest]
    # Cuts lie halfway between two values: between whole numbers at a whole or a half.
    is_whole = ends[0] % 1 == ends[-1] % 1 == 0 and all(cut % 0.5 == 0 for cut in column.cuts)
    labels = [f"below {column.least:.4g}"]
    for group in range(1, int(groups[-3]) + 1):
        inside: list[int] = np.flatnonzero(groups[1:-2] == group).tolist()
        low, high = ends[inside[0]], ends[inside[-1] + 1]
        if is_whole:
            low, high = math.ceil(low), math.floor(high)
        labels.append(f"{low:.4g}" if low == high else f"{low:.3g} to {high:.3g}")
    return [*labels, f"above {column.greatest:.4g}", MISSING], groups
