"""Successive halving: when to look, and who goes on."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.records import SettingsError


def halving(
    scores: ArrayLike, keep_fraction: float, *, direction: Literal["minimize", "maximize"] = "minimize"
) -> NDArray[np.intp]:
    """Return the indices of those who go on, in their original order.

    The best ``ceil(keep_fraction * n)`` stay; of equal scores the earlier one. A score that is not
    finite never stays, so that fewer may be left, or none.

    Args:
        scores: ``[candidate]``.
        keep_fraction: share that stays, above 0 and at most 1.
        direction: which way is better.

    Returns:
        Rising indices into `scores`.

    Raises:
        SettingsError: `keep_fraction` is out of range.

    Example:
        >>> halving([0.5, float("nan"), 0.3, 0.4], 0.5)
        array([2, 3])

    Source:
        Jamieson and Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter
        Optimization, 2016.
    """
    if not 0.0 < keep_fraction <= 1.0:
        raise SettingsError(
            "keep_fraction is out of range", received=str(keep_fraction), expected="above 0 and at most 1"
        )
    values = np.asarray(scores, np.float64)
    finite = np.isfinite(values)
    cost = np.where(finite, values if direction == "minimize" else -values, np.inf)
    # The tolerance keeps 0.1 * 30 = 3.0000000000000004 at 3.
    num_kept = min(math.ceil(keep_fraction * len(values) - 1e-9), int(finite.sum()))
    return np.sort(np.argsort(cost, kind="stable")[:num_kept])


def rungs(epochs: int, *, factor: int = 3, num_rungs: int = 2, first: int = 3) -> tuple[int, ...]:
    """Return after which epochs to drop the worst of a population that trains for `epochs` at most.

    Each rung comes `factor` times as late as the one before, the end included; those before epoch
    `first` are left out, because so early scores say little about the end.

    Args:
        epochs: the full budget.
        factor: budget ratio between rungs, at least 2; ``1 / factor`` goes on at each rung.
        num_rungs: rungs at most.
        first: earliest epoch of a rung.

    Returns:
        Rising epochs below `epochs`; empty where there is no room.

    Raises:
        SettingsError: `factor` is below 2 or another number below its least.

    Example:
        >>> rungs(100)
        (11, 33)

    Source:
        Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization, 2018.
    """
    if factor < 2 or epochs < 1 or num_rungs < 0 or first < 1:
        raise SettingsError(
            "rungs are out of range",
            received=f"epochs={epochs}, factor={factor}, num_rungs={num_rungs}, first={first}",
            expected="epochs and first at least 1, factor at least 2, num_rungs at least 0",
        )
    epochs_at = (epochs // factor**power for power in range(num_rungs, 0, -1))
    return tuple(epoch for epoch in epochs_at if first <= epoch < epochs)
