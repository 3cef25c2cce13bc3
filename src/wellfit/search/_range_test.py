"""Learning-rate range test: how large a rate may be, from a short training at each of many.

Source: Smith, Cyclical Learning Rates for Training Neural Networks, 2017.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.records import SettingsError

RANGE_RATES: NDArray[np.float64] = np.geomspace(1e-5, 1.0, 16, dtype=np.float64)
"""Rates that are tried, 16 fill a block: a factor of 2.15 apart."""
_NEAR = 0.1
"""Share of the progress of the best rate that a rate may lack: what a batch order more or less moves."""
_SAFE = 1 / 3
"""Of the lowest rate that diverges; a long training meets steeper places than a short one."""


def range_rate(rates: ArrayLike, losses: ArrayLike) -> float:
    """Return the largest learning rate that still learns about as well as the best, well below divergence.

    Short training favors large steps until they overshoot, so that the largest good rate is the one that
    long training, with whatever schedule, can start from. A rate is good if its loss is within a tenth of
    the best progress of the lowest loss, and it is at most a third of the lowest rate that diverges.

    Args:
        rates: ``[rate]``, rising and above 0; the lowest should be too low to learn anything, and its loss
            stands for that at the start.
        losses: ``[rate]`` training losses after a short training of equal length; not finite for divergence.

    Returns:
        One of the rates, or 0.0 where no rate learns.

    Raises:
        SettingsError: shapes do not fit, or rates do not rise.

    Example:
        >>> range_rate([1e-4, 1e-3, 1e-2, 1e-1, 1.0], [0.69, 0.60, 0.31, 0.30, np.nan])
        0.1

    Source:
        Smith, Cyclical Learning Rates for Training Neural Networks, 2017; Bengio, Practical Recommendations
        for Gradient-Based Training of Deep Architectures, 2012.
    """
    steps, ends = np.asarray(rates, np.float64), np.asarray(losses, np.float64)
    is_rising = steps.ndim == 1 and len(steps) > 1 and bool((np.diff(steps) > 0).all()) and steps[0] > 0
    if not is_rising or steps.shape != ends.shape:
        raise SettingsError(
            "this is no range test",
            received=f"rates of shape {steps.shape}, losses of shape {ends.shape}",
            expected="at least two rising rates above 0, and a loss of each",
        )
    ends = np.where(np.isfinite(ends), ends, np.inf)
    start, best = float(ends[0]), float(ends.min())
    if not np.isfinite(start) or not best < start:
        return 0.0
    after_best = np.arange(len(steps)) > int(ends.argmin())
    diverging = steps[after_best & (ends > start)]
    limit = _SAFE * float(diverging[0]) if len(diverging) else np.inf
    good = (ends <= best + _NEAR * (start - best)) & (steps <= limit)
    return float(steps[good].max()) if good.any() else 0.0
