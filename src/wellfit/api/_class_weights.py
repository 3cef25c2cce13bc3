"""Weights that let every class count alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.records import Dataset, Split

Array = NDArray[Any]


def balanced_weights(dataset: Dataset, splits: Sequence[Split]) -> Array | None:
    """Return ``[split, class]``: rows / (classes * rows of the class), as scikit-learn's "balanced".

    Args:
        dataset: the rows.
        splits: whose training rows are counted.

    Returns:
        The weights, or None where there are no classes.
    """
    if not dataset.task.is_classification:
        return None
    counts = np.stack([np.bincount(dataset.target[s.train], minlength=dataset.num_classes) for s in splits])
    totals = counts.sum(axis=1, keepdims=True)
    return (totals / (dataset.num_classes * np.maximum(counts, 1))).astype(np.float32)
