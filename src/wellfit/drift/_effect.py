"""How far a column moved, whatever the number of rows."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wellfit.drift._reference import ColumnReference, Counts

Size = Literal["tiny", "small", "moderate", "large"]

TINY, SMALL, LARGE = 0.02, 0.10, 0.25
"""Shares of rows that lie elsewhere: where tiny ends, small ends and large begins."""

_NUM_GROUPS = 10


def moved_share(column: ColumnReference, counts: Counts) -> float:
    """Return the share of the new rows that lie elsewhere than the old ones, less what chance makes of it.

    That is the total variation distance of two rows of shares, ``sum(|new - old|) / 2``: the least share of
    rows that would have to get another value. Numbers count by tenths of the reference, what lies below or
    above it apart; missing counts as a value. Shares of few rows differ by chance: what is expected
    without any change is taken off.

    Args:
        column: the reference.
        counts: ``[cell]`` of the window.

    Example:
        >>> from wellfit.drift._binning import category_reference
        >>> column = category_reference("plan", ["a"] * 5000 + ["b"] * 5000)
        >>> round(moved_share(column, np.array([7500, 2500, 0, 0])), 2)
        0.24
    """
    old, new = grouped(column, column.cells), grouped(column, counts)
    n, m = float(old.sum()), float(new.sum())
    if not n or not m:
        return 0.0
    pooled = (old + new) / (n + m)
    by_chance = np.sqrt(2 / np.pi * pooled * (1 - pooled) * (1 / n + 1 / m)).sum() / 2
    distance = np.abs(new / m - old / n).sum() / 2
    return float(max(distance - by_chance, 0.0))


def size_of(moved: float) -> Size:
    """Return a share of rows that moved as a word.

    Example:
        >>> size_of(0.01), size_of(0.2)
        ('tiny', 'moderate')
    """
    if moved < TINY:
        return "tiny"
    return "small" if moved < SMALL else "moderate" if moved < LARGE else "large"


def grouped(column: ColumnReference, counts: Counts) -> NDArray[np.float64]:
    """Return ``[group]`` counts: numbers below, by tenths, above and missing; levels as they are."""
    if column.is_category or not column.counts:
        return counts.astype(np.float64)
    return np.bincount(groups_of(column), weights=counts).astype(np.float64)


def groups_of(column: ColumnReference) -> NDArray[np.intp]:
    """Return ``[cell]`` the group of each cell of a column of numbers."""
    own = np.array(column.counts, np.float64)
    middle = (np.cumsum(own) - own / 2) / max(own.sum(), 1.0)
    tenths = np.minimum((middle * _NUM_GROUPS).astype(np.intp), _NUM_GROUPS - 1)
    inside = np.unique(tenths, return_inverse=True)[1].reshape(-1) + 1
    last = int(inside[-1]) if len(inside) else 0
    return np.array([0, *inside.tolist(), last + 1, last + 2], np.intp)
