"""Columns that name groups of rows which belong together, and splits that keep such groups whole."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupKFold

from wellfit.evaluation._check import Float64Array
from wellfit.records import Task

_MIN_GROUPS = 20
_MIN_SIZE, _MAX_SIZE = 2.0, 50.0
"""Rows of a group on average: fewer share little, and more are levels of a feature, not individuals."""
_MAX_SHARE = 0.1
"""No group may hold more rows: a count that is mostly zero names no groups, and has no fair folds."""
_MIN_KNOWN = 0.9
_LOOKED_AT = 500
_MAX_CANDIDATES, _MAX_OTHERS, _MAX_KIN_ROWS = 10, 100, 5000
_BLOCK = 4
"""Neighboring values that groups are shuffled among: few, so that any trend is flat over them."""
MIN_AGREEMENT_Z = 6.0
"""Deviations from shuffled groups at which rows of a group agree.

One in a billion by chance: that holds for tables of thousands of columns, and where groups are so few that
the normal distribution is a rough guide.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupColumn:
    """A column that may name groups.

    Attributes:
        column: its position.
        codes: ``[row]`` group of each row; a row without a value is a group of its own.
        num_groups: different values.
        z: how far targets agree within groups, in standard deviations of shuffled groups.
        kin_z: the same of the other column that agrees most, where groups are shuffled among those with the
            next values only: columns that follow an ordinary number agree with its neighbors as well.
        kinship: mean of all other columns in place of the largest.
    """

    column: int
    codes: NDArray[np.intp]
    num_groups: int
    z: float
    kin_z: float = 0.0
    kinship: float = 0.0


def group_columns(x: ArrayLike, y: ArrayLike, task: Task) -> list[GroupColumn]:
    """Return the columns of whole numbers that may name groups, the likeliest first.

    Of such a column at least 20 values occur, on average in 2 to 50 rows and none in more than a tenth of
    them. The target varies far less within than between the rows of a value, and some other column tells who
    a row belongs to. Numbers that are bound up with another column pass, too: whether scores collapse on a
    split by group must decide.

    With the between-group share of the target's sum of squares ``B / T``, of n rows in m groups, shuffled
    groups give a beta distribution with mean ``(m - 1) / (n - 1)``.

    Args:
        x: ``[row, feature]``; NaN is a missing cell.
        y: ``[row]`` class codes, or ``[row, output]`` values, of which the ranks of the first are used.
        task: what kind of target there is.

    Example:
        >>> patient = np.repeat(np.arange(40), 5)
        >>> sick = np.random.default_rng(0).permutation(np.arange(40) % 2)[patient]
        >>> height = np.random.default_rng(1).normal(size=40)[patient]
        >>> x = np.stack([height, patient], axis=1)
        >>> [found.column for found in group_columns(x, sick, Task.BINARY)]
        [1]

    Source:
        Pitman, Significance Tests which May be Applied to Samples from any Populations III, 1938 (analysis of
        variance under permutation).
    """
    inputs, target = np.asarray(x, np.float64), np.asarray(y)
    if task.is_classification:
        wanted = np.eye(int(target.max(initial=0)) + 1)[target.astype(np.intp)]
    else:
        ranks = np.unique(target.reshape(len(target), -1)[:, 0], return_inverse=True)[1]
        wanted = ranks.reshape(-1, 1).astype(np.float64)
    looked = [_named(inputs[:, i], wanted, i) for i in range(inputs.shape[1])]
    named = [one for one in looked if one is not None and one.z >= MIN_AGREEMENT_Z]
    named = sorted(named, key=lambda one: -one.z)[:_MAX_CANDIDATES]
    found = [_with_kin(one, inputs) for one in named]
    return sorted((one for one in found if one.kin_z >= MIN_AGREEMENT_Z), key=lambda one: -one.kinship)


def group_folds(
    groups: ArrayLike, num_folds: int, seed: int | None = None
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return (training rows, other rows) of folds that keep groups whole; together they judge every row once.

    Args:
        groups: ``[row]`` codes.
        num_folds: at most the number of groups.
        seed: shuffles groups of equal size; None spreads them by their codes.

    Example:
        >>> [held.tolist() for _, held in group_folds([0, 0, 1, 1, 2, 2], 3)]
        [[4, 5], [2, 3], [0, 1]]
    """
    codes = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
    if seed is not None:
        codes = np.random.default_rng(seed).permutation(int(codes.max()) + 1)[codes]
    return list(GroupKFold(num_folds).split(codes, groups=codes))


def _named(column: Float64Array, wanted: Float64Array, index: int) -> GroupColumn | None:
    first = column[:_LOOKED_AT]
    known = np.isfinite(column)
    # A look at some rows passes over measurements at once.
    if not _is_whole(first[np.isfinite(first)]) or known.mean() < _MIN_KNOWN or not _is_whole(column[known]):
        return None
    values, codes, sizes = np.unique(column[known], return_inverse=True, return_counts=True)
    count = len(values)
    if count < _MIN_GROUPS or not _MIN_SIZE <= sizes.mean() <= _MAX_SIZE:
        return None
    if sizes.max() > _MAX_SHARE * len(column):
        return None
    every = np.empty(len(column), np.intp)
    every[known] = codes.reshape(-1)
    every[~known] = count + np.arange(int((~known).sum()))
    z = _agreement(codes.reshape(-1), wanted[known], np.zeros(count, np.intp))
    return GroupColumn(column=index, codes=every, num_groups=count, z=z)


def _with_kin(one: GroupColumn, inputs: Float64Array) -> GroupColumn:
    """Measure how far the other columns agree within groups beyond what they do with the next groups."""
    block = np.arange(one.num_groups) // _BLOCK
    named = np.flatnonzero(one.codes < one.num_groups)
    # Of many rows every n-th block, whole.
    named = named[block[one.codes[named]] % -(-len(named) // _MAX_KIN_ROWS) == 0]
    codes = np.unique(one.codes[named], return_inverse=True)[1].reshape(-1)
    blocks = np.unique(block[one.codes[named]], return_inverse=True)[1].reshape(-1)
    block = np.zeros(int(codes.max()) + 1, np.intp)
    block[codes] = blocks
    others = np.delete(np.arange(inputs.shape[1]), one.column)
    others = others[:: max(1, -(-len(others) // _MAX_OTHERS))]
    agreements = [0.0]
    for i in others:
        column: Float64Array = inputs[named, i]
        filled = np.where(np.isfinite(column), column, 0.0)
        ranks = np.unique(filled, return_inverse=True)[1].reshape(-1, 1).astype(np.float64)
        agreements.append(_agreement(codes, ranks, block))
    return replace(one, kin_z=max(agreements), kinship=float(np.mean(agreements)))


def _is_whole(values: Float64Array) -> bool:
    return bool((values == np.round(values)).all())


def _agreement(codes: NDArray[np.intp], wanted: Float64Array, block: NDArray[np.intp]) -> float:
    """Return how far between-group sums of squares exceed those of groups shuffled within blocks, as a z."""
    rows, groups = np.bincount(block[codes]).astype(np.float64), np.bincount(block).astype(np.float64)
    sizes = np.bincount(codes).astype(np.float64)
    total, between = np.zeros(len(rows)), np.zeros(len(rows))
    for values in wanted.T:
        centered = values - (np.bincount(block[codes], weights=values) / rows)[block[codes]]
        total += np.bincount(block[codes], weights=centered**2)
        between += np.bincount(block, weights=np.bincount(codes, weights=centered) ** 2 / sizes)
    free = np.maximum(rows - 1, 1)
    expected = (groups - 1) / free
    variance = 2 * (groups - 1) * (rows - groups) / (free**2 * (rows + 1))
    spread = float(np.sqrt((total**2 * variance).sum()))
    return float((between - expected * total).sum()) / spread if spread > 0 else 0.0
