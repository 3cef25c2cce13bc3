"""How far predicted probabilities are from the shares of hits that they promise."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from wellfit.evaluation._check import Float64Array

NUM_BINS = 10


def reliability(target: ArrayLike, probability: ArrayLike) -> Float64Array:
    """Return the reliability curve of the predicted class, in ten bins of equal width.

    Args:
        target: ``[row]`` class codes.
        probability: ``[row, class]``.

    Returns:
        ``[bin, 3]``: mean probability of the predicted class, share of rows on which it is right, and number
        of rows, of each bin that has any.

    Example:
        >>> reliability([0, 0, 1, 0], [[0.9, 0.1]] * 4).round(2).tolist()
        [[0.9, 0.75, 4.0]]

    Source:
        Guo et al., On Calibration of Modern Neural Networks, 2017.
    """
    shares = np.asarray(probability, np.float64)
    said: Float64Array = np.max(shares, axis=1)
    hit: Float64Array = np.equal(np.argmax(shares, axis=1), np.asarray(target)).astype(np.float64)
    # A probability of 0.9 as float32 is a little more or less: it belongs to one bin whatever its rounding.
    edges = np.arange(1, NUM_BINS) / NUM_BINS
    bins = np.searchsorted(edges, said + 1e-6, side="right")
    count = np.bincount(bins, minlength=NUM_BINS)
    sums = [np.bincount(bins, weights=values, minlength=NUM_BINS) for values in (said, hit)]
    known = count > 0
    rows = [*(total[known] / count[known] for total in sums), count[known].astype(np.float64)]
    return np.stack(rows, axis=1)


def calibration_error(target: ArrayLike, probability: ArrayLike) -> float:
    """Return the expected calibration error: mean distance of both sides of the reliability curve, over rows.

    Example:
        >>> round(calibration_error([0, 0, 1, 0], [[0.9, 0.1]] * 4), 2)
        0.15
    """
    said, hit, count = reliability(target, probability).T
    return float(np.sum(count * np.abs(said - hit)) / max(float(count.sum()), 1.0))
