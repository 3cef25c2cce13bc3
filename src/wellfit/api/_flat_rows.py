"""Rows as plain features, for models that know nothing of pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._picture_matrix import is_pictures, small_pictures
from wellfit.data import picked
from wellfit.records import Dataset

Array = NDArray[Any]


def flat_rows(dataset: Dataset, rows: Array) -> Array:
    """Return ``[row, feature]`` float64: all inputs side by side, flattened; pictures as `small_pictures`.

    Args:
        dataset: the data.
        rows: ``[row]`` indices.
    """
    return np.concatenate([_flat(picked(values, rows)) for values in dataset.inputs], axis=1)


def _flat(values: Any) -> Array:
    if is_pictures(values):
        return small_pictures(values)
    return np.asarray(values[:], np.float64).reshape(len(values), -1)
