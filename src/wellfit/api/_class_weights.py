"""What the counts of classes give: weights that let every class count alike, biases at the shares."""

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


def share_biases(
    dataset: Dataset, splits: Sequence[Split], num_outputs: int, class_weight: Array | None = None
) -> Array:
    """Return ``[split, output]`` biases with which a network puts out the class shares for every row.

    One output: the log-odds of the second class, ``log(p / (1 - p))``; otherwise ``log(p)`` of each class, of
    which softmax makes the shares again. A class without a row counts half a row: no bias is infinite.

    Args:
        dataset: the rows, of a classification.
        splits: whose training rows are counted.
        num_outputs: 1, or one for each class.
        class_weight: ``[class]`` what a row of each class counts in training, or None for one each.

    Source:
        Karpathy, A Recipe for Training Neural Networks, 2019 (initialize the final layer well).
    """
    counts = np.stack([np.bincount(dataset.target[s.train], minlength=dataset.num_classes) for s in splits])
    weights = np.ones(dataset.num_classes) if class_weight is None else class_weight / class_weight.max()
    # A class that weighs nothing is as rare as can be, not infinitely so.
    weights = np.maximum(weights, 1e-6)
    logs = np.log(np.maximum(counts, 0.5) * weights / (counts * weights).sum(axis=1, keepdims=True))
    return (logs[:, 1:2] - logs[:, :1] if num_outputs == 1 else logs).astype(np.float32)
