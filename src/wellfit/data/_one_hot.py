"""Which columns of the float matrix stand for one category."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

# Of a few values one-hot columns are as good as a layer of their own.
_MIN_CODES = 5
_MISSING = " is missing"


def category_groups(
    feature_names: Sequence[str], *, min_codes: int = _MIN_CODES
) -> tuple[tuple[int, ...], ...]:
    """Return the positions of the one-hot columns of each category with many values.

    Columns belong together where they stand side by side and are named alike: ``city=Oslo``, ``city=Rome``,
    and ``city is missing`` behind them.

    Args:
        feature_names: as the encoder gives them; empty where columns have no names.
        min_codes: columns that a category must have.

    Example:
        >>> category_groups(["age", "city=Oslo", "city=Rome", "city is missing", "size"], min_codes=3)
        ((1, 2, 3),)
    """
    named = [(_category(name), position) for position, name in enumerate(feature_names)]
    found: list[tuple[int, ...]] = []
    for category, columns in itertools.groupby(named, lambda pair: pair[0]):
        positions = [position for _, position in columns]
        after = positions[-1] + 1
        is_one_hot = "=" in feature_names[positions[0]]
        if is_one_hot and after < len(named) and feature_names[after] == f"{category}{_MISSING}":
            positions.append(after)
        if is_one_hot and len(positions) >= min_codes:
            found.append(tuple(positions))
    return tuple(found)


def _category(name: str) -> str:
    """Return the column that a feature was made from; a number's own name otherwise."""
    return name.partition("=")[0] if "=" in name else name
