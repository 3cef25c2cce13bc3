"""Values to counts: where bins lie, and how many rows fall into each."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.drift._reference import MOST_BINS, MOST_LEVELS, NUM_BUCKETS, ColumnReference, Counts, Kind

_LONGEST = 60
_DIGITS = 12


def number_reference(name: str, values: ArrayLike, kind: Kind = "number") -> ColumnReference:
    """Return numbers as counts in at most 64 bins that hold about equally many rows each.

    A value that many rows have gets a bin of its own. Cuts lie halfway between two values that occur, so
    that rounding to float32 moves no row to another bin.

    Args:
        name: of the column.
        values: ``[row]``; NaN and infinite ones are missing.
        kind: number or date.

    Example:
        >>> column = number_reference("age", [20.0, 20.0, 30.0, np.nan])
        >>> column.cuts, column.counts, column.num_missing, column.greatest
        ((25.0,), (2, 1), 1, 30.0)
    """
    numbers = np.asarray(values, np.float64).reshape(-1)
    known = numbers[np.isfinite(numbers)]
    num_missing = len(numbers) - len(known)
    if not len(known):
        return ColumnReference(
            name=name, kind=kind, num_rows=len(numbers), num_missing=num_missing, counts=()
        )
    distinct, counts = np.unique(known, return_counts=True)
    last = _last_of_bins(counts)
    cuts = [rounded(a / 2 + b / 2) for a, b in zip(distinct[last], distinct[last + 1], strict=True)]
    cuts = sorted(set(cuts))
    found = np.bincount(np.searchsorted(cuts, known), minlength=len(cuts) + 1)
    return ColumnReference(
        name=name,
        kind=kind,
        num_rows=len(numbers),
        num_missing=num_missing,
        cuts=tuple(cuts),
        counts=tuple(found.tolist()),
        least=rounded(distinct[0]),
        greatest=rounded(distinct[-1]),
    )


def _last_of_bins(counts: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the place of the last value of each bin but the last one."""
    if len(counts) <= MOST_BINS:
        return np.arange(len(counts) - 1)
    ends = np.cumsum(counts)
    share = float(ends[-1]) / MOST_BINS
    places = np.array(sorted({int(np.searchsorted(ends, k * share)) for k in range(1, MOST_BINS)}), np.intp)
    return places[places < len(counts) - 1]


def category_reference(name: str, labels: Iterable[str | None]) -> ColumnReference:
    """Return labels as counts: of each level, or of 64 buckets where there are more than 100 levels.

    The buckets are chosen by a hash. To count the most frequent levels alone would choose by the very rows
    that are compared: in new rows these levels are rarer, with nothing changed.

    Args:
        name: of the column.
        labels: None is missing.

    Example:
        >>> column = category_reference("plan", ["free", "pro", "free", None])
        >>> column.levels, column.counts, column.num_missing
        (('free', 'pro'), (2, 1), 1)
    """
    num_missing, known = 0, Counter[str]()
    for label, number in Counter(labels).items():
        if is_missing(label):
            num_missing += number
        else:
            known[level_of(label)] += number
    num_rows = known.total() + num_missing
    common: dict[str, Any] = {"name": name, "kind": "category", "num_rows": num_rows}
    common |= {"num_missing": num_missing}
    if len(known) > MOST_LEVELS:
        counts = np.zeros(NUM_BUCKETS, np.int64)
        for level, number in known.items():
            counts[bucket(level)] += number
        return ColumnReference(**common, counts=tuple(counts.tolist()))
    levels = sorted(known, key=lambda level: (-known[level], level))
    return ColumnReference(
        **common,
        levels=tuple(levels),
        counts=tuple(known[level] for level in levels),
    )


def count_numbers(column: ColumnReference, values: ArrayLike) -> Counts:
    """Return ``[cell]`` rows in each bin of a column of numbers."""
    numbers = np.asarray(values, np.float64).reshape(-1)
    if not column.counts:  # the reference has no value at all: any number is beyond it
        known = int(np.isfinite(numbers).sum())
        return np.array([0, known, len(numbers) - known], np.int64)
    cells = np.searchsorted(column.edges, numbers)
    cells[~np.isfinite(numbers)] = column.num_cells - 1
    return np.bincount(cells, minlength=column.num_cells).astype(np.int64)


def count_labels(column: ColumnReference, labels: Iterable[str | None]) -> tuple[Counts, dict[str, int]]:
    """Return ``[cell]`` rows of each level of a category, and the rows of levels that it does not have."""
    counts = np.zeros(column.num_cells, np.int64)
    unseen: dict[str, int] = {}
    is_hashed = bool(column.counts) and not column.levels
    for label, number in Counter(labels).items():
        if is_missing(label):
            counts[-1] += number
            continue
        level = level_of(label)
        place = bucket(level) if is_hashed else column.places.get(level, -2)
        counts[place] += number
        if place == -2:
            unseen[level] = unseen.get(level, 0) + number
    return counts, unseen


def is_missing(label: object) -> bool:
    """Return whether a cell of a category has no value."""
    return label is None or (isinstance(label, float) and math.isnan(label))


def level_of(label: object) -> str:
    """Return a label as text of at most 60 characters; longer ones end in a hash of the whole.

    Example:
        >>> level_of("red"), len(level_of("x" * 1000))
        ('red', 60)
    """
    text = str(label)
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 9]}~{_hash(text):08x}"


def bucket(level: str) -> int:
    """Return the bucket of a level; the same on every machine."""
    return _hash(level) % NUM_BUCKETS


def _hash(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", errors="surrogatepass"))


def rounded(value: float) -> float:
    """Return `value` with 12 significant digits, as it is written."""
    return float(f"{value:.{_DIGITS}g}")
