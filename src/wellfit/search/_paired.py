"""What one change is worth, from pairs of runs that differ in nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.evaluation import student_quantile, student_two_sided
from wellfit.records import Effect, Metric, SettingsError

_Scores = NDArray[np.float64]

# Differences whose spread is below this share of their size are equal but for rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class PairedEffect:
    """An effect, and what became of the pairs that could not be used.

    Attributes:
        effect: the effect, or None where it cannot be measured.
        num_failed: pairs in which the remedy diverged and the baseline did not. One is enough to make
            the effect unmeasurable: leaving those runs out would flatter the remedy.
        num_dropped: pairs in which the baseline diverged; they are left out.
        note: the same in words, empty where there is nothing to say.
    """

    effect: Effect | None
    num_failed: int = 0
    num_dropped: int = 0
    note: str = ""


def paired_effect(
    baseline_scores: ArrayLike, remedy_scores: ArrayLike, *, metric: Metric, test_ratio: float
) -> PairedEffect:
    """Return the mean paired improvement with its 95 % t interval and two-sided p-value.

    Use it on scores of the same splits and seeds. Seeds on one split share its rows, so they are no
    independent evidence: differences are averaged over the seeds of a split first, and the n splits are
    the sample. Training sets of different splits overlap, which makes their scores correlated; the
    variance of the mean is therefore (1/n + n_test / n_train) * s^2 in place of s^2 / n.

    A score that is not finite is a run that failed; see `PairedEffect`. The interval and the p-value
    are NaN with a single split, and where all differences are equal but not zero: there is then no
    spread to judge by. Equal scores everywhere are an effect of exactly zero, p = 1.

    Args:
        baseline_scores: ``[split]`` or ``[split, seed]``.
        remedy_scores: the same shape, same splits and seeds.
        metric: what was measured, and which way is better.
        test_ratio: rows a split is scored on / rows it is trained on; 0 for splits that share no rows.

    Returns:
        The effect in the unit of the metric, positive is better, and the number of unusable pairs.

    Raises:
        SettingsError: the shapes differ or are empty, or `test_ratio` is negative.

    Example:
        >>> log_loss = Metric(name="log_loss", direction="minimize")
        >>> found = paired_effect([0.50, 0.52, 0.49], [0.45, 0.48, 0.43], metric=log_loss, test_ratio=0.25)
        >>> round(found.effect.estimate, 3), round(found.effect.low, 3), round(found.effect.high, 3)
        (0.05, 0.017, 0.083)

    Source:
        Nadeau and Bengio, Inference for the Generalization Error, 2003.
    """
    baseline, remedy = _matrix(baseline_scores), _matrix(remedy_scores)
    _check(baseline, remedy, test_ratio)
    usable = np.isfinite(baseline)
    num_failed = int((usable & ~np.isfinite(remedy)).sum())
    num_dropped = int((~usable).sum())
    note = _note(num_failed, num_dropped, baseline.size)
    if num_failed or not usable.any():
        return PairedEffect(effect=None, num_failed=num_failed, num_dropped=num_dropped, note=note)
    sign = 1.0 if metric.direction == "maximize" else -1.0
    difference = np.where(
        usable, sign * (np.where(usable, remedy, 0.0) - np.where(usable, baseline, 0.0)), 0.0
    )
    seeds = usable.sum(axis=1)
    per_split = difference.sum(axis=1)[seeds > 0] / seeds[seeds > 0]
    estimate = float(per_split.mean())
    low, high, p_value = _interval(per_split, estimate, test_ratio)
    effect = Effect(
        estimate=estimate,
        low=low,
        high=high,
        p_value=p_value,
        unit=metric.name,
        num_pairs=int(usable.sum()),
    )
    if np.isnan(p_value):
        reason = "a single split" if len(per_split) < 2 else "no spread between splits"
        note = "; ".join(filter(None, (note, f"interval unknown: {reason}")))
    return PairedEffect(effect=effect, num_dropped=num_dropped, note=note)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values corrected for how many were tested, by Holm's step-down procedure.

    Rejecting where the corrected value is below 0.05 keeps the chance of any false rejection below
    5 %, whatever the dependence between tests. The i-th smallest of m is multiplied by m - i + 1, and
    none is smaller than the one before it. A NaN counts as tested and stays NaN.

    Args:
        p_values: one for each test.

    Returns:
        Corrected values in the same order, at most 1.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        (0.03, 0.06, 0.06)

    Source:
        Holm, A Simple Sequentially Rejective Multiple Test Procedure, 1979.
    """
    raw = np.asarray(p_values, np.float64)
    if not raw.size:
        return ()
    known = np.where(np.isnan(raw), 1.0, raw)
    order = np.argsort(known, kind="stable")
    stepped = np.maximum.accumulate(known[order] * np.arange(len(raw), 0, -1))
    corrected = np.empty_like(known)
    corrected[order] = np.minimum(stepped, 1.0)
    return tuple(float(p) for p in np.where(np.isnan(raw), np.nan, corrected))


def _interval(per_split: _Scores, estimate: float, test_ratio: float) -> tuple[float, float, float]:
    """Return low, high and p-value of the corrected t test."""
    if (per_split == 0.0).all() and len(per_split) > 1:
        return 0.0, 0.0, 1.0
    num_splits = len(per_split)
    spread = float(per_split.std(ddof=1)) if num_splits > 1 else 0.0
    if spread <= _ROUNDING * float(np.abs(per_split).max()):
        return np.nan, np.nan, np.nan
    error = spread * np.sqrt(1.0 / num_splits + test_ratio)
    half = student_quantile(0.975, num_splits - 1) * error
    p_value = student_two_sided(estimate / error, num_splits - 1)
    return float(estimate - half), float(estimate + half), p_value


def _matrix(scores: ArrayLike) -> _Scores:
    """Return ``[split, seed]``."""
    values = np.asarray(scores, np.float64)
    return values[:, None] if values.ndim == 1 else values


def _check(baseline: _Scores, remedy: _Scores, test_ratio: float) -> None:
    if baseline.shape != remedy.shape or baseline.ndim != 2 or not baseline.size:
        raise SettingsError(
            "scores do not pair",
            received=f"baseline of shape {baseline.shape}, remedy of shape {remedy.shape}",
            expected="two arrays [split] or [split, seed] of the same shape, not empty",
        )
    if not test_ratio >= 0:
        raise SettingsError(
            "test_ratio is out of range", received=str(test_ratio), expected="n_test / n_train, at least 0"
        )


def _note(num_failed: int, num_dropped: int, num_pairs: int) -> str:
    parts: list[str] = []
    if num_failed:
        parts.append(f"diverged in {num_failed} of {num_pairs} runs")
    if num_dropped:
        parts.append(f"baseline diverged in {num_dropped} of {num_pairs} runs, which are left out")
    return "; ".join(parts)
