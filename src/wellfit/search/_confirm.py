"""Which finalists really beat the baseline, and which of them to choose."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wellfit.records import Effect, Metric
from wellfit.search._paired import PairedEffect, holm, paired_effect
from wellfit.search._selection import corrected_for_selection

_LEVEL = 0.05


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """The outcome of the confirming runs.

    Attributes:
        results: name of each finalist to its effect, p-values corrected for the number of finalists, and
            estimates of the confirmed ones for having been confirmed.
        confirmed: names of those that beat the baseline, largest lower bound first.
        chosen: the first of `confirmed`, or None: keep the baseline.
    """

    results: Mapping[str, PairedEffect]
    confirmed: tuple[str, ...]
    chosen: str | None


def confirm(
    baseline_scores: ArrayLike, finalist_scores: Mapping[str, ArrayLike], *, metric: Metric, test_ratio: float
) -> Confirmation:
    """Compare finalists with the baseline on fresh splits and seeds.

    A finalist is confirmed if its p-value, corrected by Holm for all finalists, is below 0.05 and its
    95 % interval lies above zero. Among the confirmed the one with the largest lower bound is chosen:
    what it gains at least, not what it may gain with luck. If none is confirmed the baseline stays.
    Finalists that diverged count as tested and are never confirmed.

    What is confirmed looks better than it is, because it would not have been confirmed otherwise; the
    estimates of the confirmed are therefore the most likely ones given that they were. That takes most
    of the flattery away and cannot take all of it: all splits come from the same rows. What may be
    expected on new rows is the difference on the holdout, which chose nothing.

    Args:
        baseline_scores: ``[split]`` or ``[split, seed]``; splits and seeds must not be those that the
            finalists were chosen on.
        finalist_scores: name to scores of the same shape, on the same splits and seeds.
        metric: what was measured, and which way is better.
        test_ratio: rows a split is scored on / rows it is trained on.

    Returns:
        Effects with corrected p-values, the confirmed names, and the chosen one.

    Raises:
        SettingsError: shapes differ or are empty, or `test_ratio` is negative.

    Example:
        >>> accuracy = Metric(name="accuracy", direction="maximize")
        >>> found = confirm([0.80, 0.81, 0.79], {"l2": [0.85, 0.86, 0.85]}, metric=accuracy, test_ratio=0.25)
        >>> found.chosen
        'l2'
    """
    measured = {
        name: paired_effect(baseline_scores, scores, metric=metric, test_ratio=test_ratio)
        for name, scores in finalist_scores.items()
    }
    corrected = holm([found.effect.p_value if found.effect else np.nan for found in measured.values()])
    results = {
        name: _with_p_value(found, p_value)
        for (name, found), p_value in zip(measured.items(), corrected, strict=True)
    }
    bounds = {
        name: found.effect.low
        for name, found in results.items()
        if found.effect is not None and _is_confirmed(found.effect)
    }
    scores = np.asarray(baseline_scores, np.float64)
    num_splits = int(np.isfinite(scores).reshape(len(scores), -1).any(axis=1).sum())
    results = {
        name: _without_flattery(found, num_splits, len(results)) if name in bounds else found
        for name, found in results.items()
    }
    confirmed = tuple(sorted(bounds, key=lambda name: -bounds[name]))
    return Confirmation(results=results, confirmed=confirmed, chosen=confirmed[0] if confirmed else None)


def _with_p_value(found: PairedEffect, p_value: float) -> PairedEffect:
    if found.effect is None:
        return found
    return dataclasses.replace(found, effect=dataclasses.replace(found.effect, p_value=p_value))


def _without_flattery(found: PairedEffect, num_splits: int, num_tested: int) -> PairedEffect:
    if found.effect is None:
        return found
    effect = corrected_for_selection(found.effect, num_splits=num_splits, num_tested=num_tested, level=_LEVEL)
    return dataclasses.replace(found, effect=effect)


def _is_confirmed(effect: Effect) -> bool:
    return effect.p_value < _LEVEL and effect.low > 0
