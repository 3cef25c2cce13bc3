"""What a gain is worth after it was singled out for being large."""

from __future__ import annotations

import dataclasses
import math

from wellfit.evaluation import student_quantile
from wellfit.records import Effect

_STEPS = 60  # halvings of the interval: far below rounding


def corrected_for_selection(effect: Effect, *, num_splits: int, num_tested: int, level: float) -> Effect:
    """Return a confirmed effect with the estimate that is most likely, given that it was confirmed.

    Only estimates above a threshold are confirmed, so those that are confirmed are too large on average:
    the more, the closer to the threshold. For an estimate z (in standard errors) of a true gain g, given
    z > c, the expectation is g + pdf(c - g) / (1 - cdf(c - g)); the g whose expectation is z takes the
    place of the estimate. It is kept inside the 95 % interval, which stays as it is. An estimate far above
    the threshold hardly moves.

    Args:
        effect: of a finalist that was confirmed.
        num_splits: splits it was measured on.
        num_tested: finalists that were compared.
        level: p-value, after correction, below which a finalist is confirmed.

    Example:
        >>> found = Effect(estimate=1.0, low=0.1, high=1.9, p_value=0.03, unit="rmse", num_pairs=10)
        >>> fair = corrected_for_selection(found, num_splits=10, num_tested=1, level=0.05)
        >>> fair.low <= fair.estimate < 0.7
        True

    Source:
        Zhong and Prentice, Bias-Reduced Estimators and Confidence Intervals for Odds Ratios in Genome-Wide
        Association Studies, 2008.
    """
    half = effect.estimate - effect.low
    if not (half > 0 and effect.low > 0):
        return effect
    width = student_quantile(0.975, num_splits - 1)
    error = half / width
    threshold = student_quantile(1.0 - 0.5 * level / num_tested, num_splits - 1)
    measured = effect.estimate / error
    low, high = max(measured - width, 0.0), measured
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        if _mean_above(threshold, middle) > measured:
            high = middle
        else:
            low = middle
    return dataclasses.replace(effect, estimate=float(max(low * error, effect.low)))


def _mean_above(threshold: float, gain: float) -> float:
    """Return the mean of a normal variable around `gain`, given that it is above the threshold."""
    away = threshold - gain
    density = math.exp(-0.5 * away**2) / math.sqrt(2.0 * math.pi)
    return gain + density / (0.5 * math.erfc(away / math.sqrt(2.0)))
