"""What is tested of one column, and what its tests come to together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wellfit.drift._permutation import beyond_p_value, cells_p_value, linear_p_value, share_p_value
from wellfit.drift._reference import ColumnReference, Counts

Aspect = Literal["shift", "spread", "shape", "below", "above", "levels", "unseen", "missing"]

# Which part of a column's error each test may use up. What happens most has the most; a test that cannot
# say anything on these rows leaves its part to the others, which is decided by pooled counts alone.
WEIGHTS: dict[Aspect, float] = {
    "shift": 0.45,
    "spread": 0.20,
    "shape": 0.20,
    "below": 0.05,
    "above": 0.05,
    "levels": 0.45,
    "unseen": 0.10,
    "missing": 0.10,
}
_NUM_GROUPS = 10
_LEAST_EXPECTED = 5.0
_MOST_TESTED_LEVELS = 32


@dataclass(frozen=True, kw_only=True)
class AspectTest:
    """One test of a column.

    Attributes:
        aspect: what it is about.
        p_value: of that test alone.
        sign: 1 for more or higher in the window, -1 for the opposite, 0 where there is no direction.
        weight: its part of the column's error; those of a column add up to 1.
        cell: the level that it is about, or -1.
    """

    aspect: Aspect
    p_value: float
    sign: int = 0
    weight: float = 0.0
    cell: int = -1


def column_tests(
    column: ColumnReference, counts: Counts, unseen: Mapping[str, int] | None = None
) -> tuple[AspectTest, ...]:
    """Return the tests of a column between reference and window, weighted; empty where nothing can be told.

    Numbers: the sum of ranks (Wilcoxon) for a shift; that of squared distances from the middle rank (Mood)
    for spread; chi-square over tenths for what is left; rows beyond least and greatest. Categories: each
    level against all others, corrected for their number; chi-square over all; levels that were never seen.
    Both: missing rows.

    Args:
        column: the reference.
        counts: ``[cell]`` of the window.
        unseen: rows of each level that the reference does not have.

    Source:
        Wilcoxon, Individual Comparisons by Ranking Methods, 1945; Mood, On the Asymptotic Efficiency of
        Certain Nonparametric Two-Sample Tests, 1954; Good, The Population Frequencies of Species, 1953 (new
        levels are to be expected where many occur once).
    """
    old, new = column.cells, counts
    if column.is_category:
        found = _categories(column, old[:-1], new[:-1], unseen or {})
    else:
        found = _numbers(old[:-1], new[:-1])
    if old[-1] + new[-1] > 0:
        found.append(_share("missing", old[-1], old.sum(), new[-1], new.sum()))
    total = sum(WEIGHTS[one.aspect] for one in found)
    return tuple(
        AspectTest(
            aspect=one.aspect,
            p_value=one.p_value,
            sign=one.sign,
            weight=WEIGHTS[one.aspect] / total,
            cell=one.cell,
        )
        for one in found
    )


def combined_p_value(tests: tuple[AspectTest, ...]) -> float:
    """Return the p-value of a column: the least of its tests', each over its weight (Bonferroni)."""
    return min((one.p_value / one.weight for one in tests), default=1.0)


def telling(tests: tuple[AspectTest, ...]) -> AspectTest | None:
    """Return the test to tell a reader of; None without tests.

    That is the surest, or one that is about as sure and says more: a direction rather than another shape.
    """
    if not tests:
        return None
    order = ("shift", "missing", "levels", "unseen", "spread", "below", "above", "shape")
    sure = {one.aspect: -math.log(max(min(one.p_value / one.weight, 1.0), 1e-300)) for one in tests}
    enough = max(sure.values()) / 2
    return min((one for one in tests if sure[one.aspect] >= enough), key=lambda one: order.index(one.aspect))


def _numbers(old: Counts, new: Counts) -> list[AspectTest]:
    pooled = old + new
    kept = pooled > 0
    n, m = int(old.sum()), int(new.sum())
    if n < 1 or m < 1 or kept.sum() < 2:
        return []
    ranks = middle_ranks(pooled)
    found = [_linear("shift", ranks, old, new)]
    # Of two values every score is the same test.
    if kept.sum() > 2:
        found.append(_linear("spread", np.square(ranks), old, new))
        groups = _tenths(pooled, min(n, m))
        if groups[-1] > 1:
            sums = [np.bincount(groups, weights=values) for values in (old, new)]
            found.append(AspectTest(aspect="shape", p_value=cells_p_value(*sums)))
        found.append(AspectTest(aspect="below", p_value=beyond_p_value(n, m, int(new[0])), sign=1))
        found.append(AspectTest(aspect="above", p_value=beyond_p_value(n, m, int(new[-1])), sign=1))
    return found


def middle_ranks(pooled: NDArray[Any]) -> NDArray[np.float64]:
    """Return ``[cell]`` the mean rank of its rows among all, from -1/2 to 1/2.

    Example:
        >>> middle_ranks(np.array([1, 2, 1])).tolist()
        [-0.375, 0.0, 0.375]
    """
    return (np.cumsum(pooled) - pooled / 2) / pooled.sum() - 0.5


def _tenths(pooled: Counts, smaller: int) -> NDArray[np.intp]:
    """Return ``[cell]`` the group of each cell: about equal numbers of pooled rows, enough in each."""
    share = pooled / pooled.sum()
    size = max(1 / _NUM_GROUPS, _LEAST_EXPECTED / max(smaller, 1))
    groups, group, filled = np.zeros(len(pooled), np.intp), 0, 0.0
    left = 1.0
    for cell, part in enumerate(share):
        groups[cell] = group
        filled, left = filled + part, left - part
        if filled >= size * (1 - 1e-9) and left >= size * (1 - 1e-9):
            group, filled = group + 1, 0.0
    return groups


def _categories(
    column: ColumnReference, old: Counts, new: Counts, unseen: Mapping[str, int]
) -> list[AspectTest]:
    n, m = int(old.sum()), int(new.sum())
    if n < 1 or m < 1:
        return []
    found: list[AspectTest] = []
    cells = _large_cells(old, new, unseen)
    if len(cells[0]) > 2:
        found.append(AspectTest(aspect="shape", p_value=cells_p_value(*cells)))
    pooled = old + new
    expected = pooled * (min(n, m) / (n + m))
    # New levels stand at the end, and have a test of their own.
    named = np.flatnonzero(expected[:-1] >= 1.0)
    named = named[np.argsort(-pooled[named], kind="stable")][:_MOST_TESTED_LEVELS]
    each = [_share("levels", old[cell], n, new[cell], m, cell=int(cell)) for cell in named]
    if each:
        best = min(each, key=lambda one: one.p_value)
        # Of two levels each says what the other says.
        number = 1 if len(each) == 2 and pooled[named].sum() == n + m else len(each)
        corrected = min(best.p_value * number, 1.0)
        found.append(AspectTest(aspect="levels", p_value=corrected, sign=best.sign, cell=best.cell))
    # Whether a level is on one side alone is decided by pooled rows: either side could be that one.
    if column.levels and (new[-1] or (new[:-1] == 0).any()):
        p_value = _unseen_p_value(old, new, unseen)
        found.append(AspectTest(aspect="unseen", p_value=p_value, sign=1))
    return found


def _unseen_p_value(old: Counts, new: Counts, unseen: Mapping[str, int]) -> float:
    """Return the p-value of the levels that the window alone has.

    Rows of one level come together, so that rows are not what is counted: of the most frequent new level
    all rows are on the new side, and of levels that one row alone has, more are than should be.
    """
    n, m = int(old.sum()), int(new.sum())
    num_levels = len(old) - 1 + len(unseen)
    most = beyond_p_value(n, m, max(unseen.values(), default=0)) * num_levels
    # Levels that a window no longer names are its rarest.
    once = sum(number == 1 for number in unseen.values()) + int(new[-1]) - sum(unseen.values())
    once_before = int(((old == 1) & (new == 0))[:-1].sum())
    is_more = once * n > once_before * m
    single = share_p_value(once_before, n, max(once, 0), m) if is_more else 1.0
    return min(2 * min(most, single), 1.0)


def _large_cells(old: Counts, new: Counts, unseen: Mapping[str, int]) -> tuple[Counts, Counts]:
    """Return counts of levels of which enough rows are expected on either side, and of all others together.

    A level that is new has a cell of its own, as it would have if it were old.
    """
    own = np.array(list(unseen.values()), np.int64)
    r = np.concatenate([old[:-1], np.zeros(len(own) + 1, np.int64)])
    w = np.concatenate([new[:-1], own, [max(int(new[-1]) - int(own.sum()), 0)]])
    n, m = int(old.sum()), int(new.sum())
    expected = (r + w) * (min(n, m) / (n + m))
    large = expected >= _LEAST_EXPECTED
    cells = [np.append(values[large], values[~large].sum()) for values in (r, w)]
    if expected[~large].sum() < _LEAST_EXPECTED and large.any():
        smallest = int(np.argmin((cells[0] + cells[1])[:-1]))
        for values in cells:
            values[smallest] += values[-1]
        cells = [values[:-1] for values in cells]
    return cells[0], cells[1]


def _linear(aspect: Aspect, scores: NDArray[np.float64], old: Counts, new: Counts) -> AspectTest:
    z, p_value = linear_p_value(scores, old, new)
    return AspectTest(aspect=aspect, p_value=p_value, sign=int(np.sign(z)))


def _share(aspect: Aspect, old: Any, num_old: Any, new: Any, num_new: Any, *, cell: int = -1) -> AspectTest:
    p_value = share_p_value(int(old), int(num_old), int(new), int(num_new))
    sign = int(np.sign(int(new) * int(num_old) - int(old) * int(num_new)))
    return AspectTest(aspect=aspect, p_value=p_value, sign=sign, cell=cell)
