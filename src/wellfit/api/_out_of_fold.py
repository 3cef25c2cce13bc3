"""What the networks of a study said of rows that they had not learned from, on average."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class OutOfFold:
    """A running mean of predictions, row by row.

    Every network of a study is scored on rows that it did not see; what they say together of a row says more
    about its label than one network does.

    Args:
        num_rows: rows of the data set.
        num_classes: columns of the probabilities.

    Example:
        >>> judged = OutOfFold(3, 2)
        >>> judged.add(np.array([2]), np.array([[[0.2, 0.8]], [[0.4, 0.6]]]))
        >>> judged.rows.tolist(), judged.mean(judged.rows).round(1).tolist()
        ([2], [[0.3, 0.7]])
    """

    def __init__(self, num_rows: int, num_classes: int) -> None:
        self._sum = np.zeros((num_rows, num_classes))
        self._count = np.zeros(num_rows)

    def add(self, rows: Array, predicted: Array) -> None:
        """Take note of predictions ``[member, row, class]`` of rows that no member learned from."""
        self.add_sum(rows, *summed(predicted))

    def add_sum(self, rows: Array, total: Array, count: int) -> None:
        """Take note of the sum ``[row, class]`` of the predictions of so many members."""
        self._sum[rows] += total
        self._count[rows] += count

    @property
    def rows(self) -> Array:
        """Rows of which something was said."""
        return np.flatnonzero(self._count)

    def mean(self, rows: Array) -> Array:
        """Return ``[row, class]`` mean probabilities of some of these rows."""
        return self._sum[rows] / self._count[rows, None]


def summed(predicted: Array) -> tuple[Array, int]:
    """Return ``[row, class]``, the sum of the finite ones of ``[member, row, class]``, and their number."""
    good = np.isfinite(predicted).all(axis=(1, 2))
    return np.asarray(predicted, np.float64)[good].sum(axis=0), int(good.sum())
