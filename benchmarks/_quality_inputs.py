"""What the peers get: standardized and one-hot matrices, or frames whose words are categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from _quality_tables import Split

if TYPE_CHECKING:
    import pandas as pd

_MOST_CATEGORIES = 100  # of a column; rarer ones share a column of zeros
_REACH = 8.0  # standard deviations beyond which a cell is clipped


class Encoder:
    """Standardized numbers, flags of missing ones, one-hot words; fitted on the training rows.

    Args:
        split: whose training rows it is fitted on.
    """

    def __init__(self, split: Split) -> None:
        self._split = split
        numbers = _numbers(split.train, split.numbers)
        self._is_flagged = np.isnan(numbers).any(axis=0)
        self._fill = np.nan_to_num(np.nanmedian(numbers, axis=0)) if len(split.numbers) else np.zeros(0)
        filled = np.where(np.isnan(numbers), self._fill, numbers)
        self._center, scale = filled.mean(axis=0), filled.std(axis=0)
        self._scale = np.where(scale > 0, scale, 1.0)
        self._kept = {column: _frequent(split.train[column]) for column in split.words}

    def matrix(self, rows: pl.DataFrame) -> NDArray[np.float32]:
        """Return ``[row, feature]``."""
        numbers = _numbers(rows, self._split.numbers)
        flags = np.isnan(numbers)[:, self._is_flagged]
        filled = np.where(np.isnan(numbers), self._fill, numbers)
        scaled = np.clip((filled - self._center) / self._scale, -_REACH, _REACH)
        words = [_one_hot(rows[column], kept) for column, kept in self._kept.items()]
        return np.hstack([scaled, flags, *words]).astype(np.float32)


def _numbers(rows: pl.DataFrame, columns: tuple[str, ...]) -> NDArray[np.float64]:
    if not columns:
        return np.zeros((len(rows), 0))
    wanted = rows.select(pl.col(columns).cast(pl.Float64)).to_numpy().astype(np.float64)
    return np.where(np.isfinite(wanted), wanted, np.nan)


def _frequent(words: pl.Series) -> NDArray:
    names, counts = np.unique(_filled(words), return_counts=True)
    return names[np.argsort(-counts, kind="stable")][:_MOST_CATEGORIES]


def _filled(words: pl.Series) -> NDArray:
    return words.fill_null("").to_numpy().astype(str)


def _one_hot(words: pl.Series, kept: NDArray) -> NDArray[np.bool_]:
    return _filled(words)[:, None] == kept[None]


def coded(split: Split, rows: pl.DataFrame) -> NDArray[np.float64]:
    """Return numbers as they are and words as codes of the training rows; missing and unknown cells NaN."""
    columns = [_numbers(rows, split.numbers)]
    for column in split.words:
        kept = _frequent(split.train[column].drop_nulls())
        is_kept = np.hstack([_one_hot(rows[column], kept), np.ones((len(rows), 1), bool)])
        codes = is_kept.argmax(axis=1).astype(np.float64)
        codes[codes == len(kept)] = np.nan
        columns.append(codes[:, None])
    return np.hstack(columns)


def categories(split: Split) -> list[int]:
    """Return the columns of `coded` that hold codes."""
    return list(range(len(split.numbers), len(split.numbers) + len(split.words)))


def pandas_frame(split: Split, rows: pl.DataFrame) -> pd.DataFrame:
    """Return a frame of numbers without holes (medians, and flags of the holes) and of categories."""
    import pandas as pd  # noqa: PLC0415 - only one peer needs it

    known, numbers = _numbers(split.train, split.numbers), _numbers(rows, split.numbers)
    columns: dict[str, object] = {}
    for i, name in enumerate(split.numbers):
        holes = np.isnan(numbers[:, i])
        columns[name] = np.where(holes, np.nan_to_num(np.nanmedian(known[:, i])), numbers[:, i])
        if np.isnan(known[:, i]).any():
            columns[f"{name} is missing"] = holes.astype(np.float64)
    for name in split.words:
        columns[name] = pd.Categorical(_filled(rows[name]), _frequent(split.train[name]).tolist())
    return pd.DataFrame(columns)
