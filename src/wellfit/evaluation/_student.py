"""Student's t distribution: what the statistics here need of it."""

# SciPy ships without stubs: what its functions return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit


def student_quantile(probability: float, freedom: float) -> float:
    """Return the value below which a t variable lies with that probability.

    Example:
        >>> round(student_quantile(0.975, 10), 2)
        2.23
    """
    return float(stdtrit(freedom, probability))


def student_two_sided(statistic: float, freedom: float) -> float:
    """Return the probability of a t variable at least as far from zero as `statistic`.

    Example:
        >>> round(student_two_sided(2.23, 10), 2)
        0.05
    """
    return float(2.0 * stdtr(freedom, -abs(statistic)))


def corrected_interval(scores: ArrayLike, test_ratio: float) -> tuple[float, float, float]:
    """Return mean and 95 % interval of scores of splits whose training rows overlap.

    The variance of the mean is (1/n + n_test / n_train) * s^2 in place of s^2 / n. With fewer than two
    scores the interval is unknown (NaN).

    Args:
        scores: ``[split]``, finite.
        test_ratio: rows a split is scored on / rows it is trained on.

    Example:
        >>> mean, low, high = corrected_interval([0.8, 0.9, 0.85, 0.85, 0.8], 0.25)
        >>> round(mean, 2), round(low, 2), round(high, 2)
        (0.84, 0.76, 0.92)

    Source:
        Nadeau and Bengio, Inference for the Generalization Error, 2003.
    """
    values = np.asarray(scores, np.float64)
    if len(values) < 2:
        return float(values.mean()) if len(values) else math.nan, math.nan, math.nan
    error = float(values.std(ddof=1)) * math.sqrt(1.0 / len(values) + test_ratio)
    half = student_quantile(0.975, len(values) - 1) * error
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)
