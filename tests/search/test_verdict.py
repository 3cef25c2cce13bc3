"""The verdict: each rule fires, stays silent, and says its numbers."""

from __future__ import annotations

import dataclasses
import math

import pytest

from wellfit.records import Effect, Metric, Verdict
from wellfit.search import Attempt, Evidence, verdict


def _effect(low: float, high: float) -> Effect:
    return Effect(estimate=(low + high) / 2, low=low, high=high, p_value=0.01, unit="log_loss", num_pairs=10)


def _tried(low: float, high: float, role: str, *, proven: bool = True, name: str = "it") -> Attempt:
    return Attempt(name=name, role=role, effect=_effect(low, high), stage="confirmed", proven=proven)


GOOD = Evidence(
    metric=Metric(name="log_loss", direction="minimize"),
    baseline_score=0.40,
    chance_score=0.69,
    over_chance=_effect(0.25, 0.33),
    train_loss=0.35,
    last_loss=0.40,
    best_loss=0.398,
    chance_loss=0.69,
    attempts=(
        _tried(-0.01, 0.01, "regularize", proven=False),
        _tried(-0.1, -0.05, "fit", proven=False),
    ),
)
OVERFIT = dataclasses.replace(GOOD, train_loss=0.05, last_loss=0.6, best_loss=0.45)


def _verdict(evidence: Evidence, **changes: object) -> Verdict:
    return verdict(dataclasses.replace(evidence, **changes))[0]


def test_healthy() -> None:
    """Better than chance, and every interval ends below 5 % of the gain over chance (0.0145)."""
    found, line = verdict(GOOD)
    assert found is Verdict.HEALTHY
    assert "0.01," in line
    assert "0.0145" in line


@pytest.mark.parametrize(("high", "expected"), [(0.014, Verdict.HEALTHY), (0.015, Verdict.INCONCLUSIVE)])
def test_healthy_needs_narrow_intervals(high: float, expected: Verdict) -> None:
    """At the threshold: a gain that matters must be excluded before a network counts as healthy."""
    assert _verdict(GOOD, attempts=(_tried(-0.01, high, "fit", proven=False),)) is expected


def test_fresh_splits_count_where_there_are_any() -> None:
    """Wide intervals of the screen hinder "healthy" only where nothing was measured on fresh splits."""
    screened = dataclasses.replace(_tried(-0.5, 0.5, "fit", proven=False), stage="screened")
    assert _verdict(GOOD, attempts=(*GOOD.attempts, screened)) is Verdict.HEALTHY
    assert _verdict(GOOD, attempts=(screened,)) is Verdict.INCONCLUSIVE


def test_nothing_measured_is_inconclusive() -> None:
    """Without a single measured remedy, or with an unknown interval, nothing is excluded."""
    assert _verdict(GOOD, attempts=()) is Verdict.INCONCLUSIVE
    diverged = Attempt(name="x", role="fit", effect=None, stage="confirmed", proven=False)
    assert _verdict(GOOD, attempts=(diverged,)) is Verdict.INCONCLUSIVE
    assert _verdict(GOOD, attempts=(*GOOD.attempts, diverged)) is Verdict.HEALTHY
    unknown = _tried(math.nan, math.nan, "fit", proven=False)
    assert _verdict(GOOD, attempts=(*GOOD.attempts, unknown)) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("evidence", "role", "expected"),
    [
        (GOOD, "regularize", Verdict.OVERFITTING),
        (GOOD, "fit", Verdict.UNDERFITTING),
        (GOOD, "optimize", Verdict.UNDERFITTING),
        (GOOD, "mixed", Verdict.UNDERFITTING),
        (OVERFIT, "optimize", Verdict.OVERFITTING),
        (OVERFIT, "neutral", Verdict.INCONCLUSIVE),
        (OVERFIT, "fit", Verdict.UNDERFITTING),
    ],
)
def test_confirmed_remedy_decides(evidence: Evidence, role: str, expected: Verdict) -> None:
    """What holds back proves overfitting, what sets free underfitting; for the rest the curves decide."""
    found, line = verdict(
        dataclasses.replace(evidence, attempts=(_tried(0.02, 0.06, role, name="remedy-x"),))
    )
    assert found is expected
    assert "remedy-x improves log_loss by 0.04 (95 % interval 0.02 to 0.06)" in line


def test_rise_after_the_best_epoch_is_overfitting() -> None:
    """With a small gap, a validation loss that rose since its best epoch still speaks for overfitting."""
    attempts = (_tried(0.02, 0.06, "optimize"),)
    assert _verdict(GOOD, attempts=attempts, best_loss=0.37) is Verdict.OVERFITTING
    assert _verdict(GOOD, attempts=attempts, best_loss=0.39) is Verdict.UNDERFITTING


def test_largest_lower_bound_speaks() -> None:
    """Of several confirmed remedies the surest one decides; what is not confirmed has no say."""
    attempts = (
        _tried(0.01, 0.2, "fit"),
        _tried(0.02, 0.06, "regularize"),
        _tried(0.05, 0.3, "fit", proven=False),
    )
    assert _verdict(GOOD, attempts=attempts) is Verdict.OVERFITTING


def test_not_learning() -> None:
    """Nowhere better than chance: not learning, whatever was confirmed; a cure is still named."""
    stuck = dataclasses.replace(
        GOOD,
        baseline_score=0.692,
        over_chance=_effect(-0.01, 0.005),
        train_loss=0.68,
        last_loss=0.692,
        best_loss=0.688,
    )
    found, line = verdict(stuck)
    assert found is Verdict.NOT_LEARNING
    assert "-0.01 to 0.005" in line
    cured = dataclasses.replace(stuck, attempts=(_tried(0.2, 0.3, "optimize", name="learning-rate-x0.1"),))
    assert verdict(cured)[0] is Verdict.NOT_LEARNING
    assert "learning-rate-x0.1" in verdict(cured)[1]


def test_weak_but_proven_signal_is_learning() -> None:
    """A small gain over chance that the interval proves is not "not learning"."""
    weak = dataclasses.replace(
        GOOD, baseline_score=0.685, over_chance=_effect(0.002, 0.008), last_loss=0.685, best_loss=0.684
    )
    assert verdict(weak)[0] is not Verdict.NOT_LEARNING


def test_unproven_gain_over_chance_is_inconclusive() -> None:
    """An interval that holds zero beside a clearly lower best loss cannot be told."""
    found, line = verdict(dataclasses.replace(GOOD, over_chance=_effect(-0.1, 0.5)))
    assert found is Verdict.INCONCLUSIVE
    assert "better than chance" in line


def test_worse_than_chance_in_the_end_is_overfitting() -> None:
    """Significantly worse than chance after an epoch that was better: trained past its best."""
    late = dataclasses.replace(
        OVERFIT, baseline_score=0.9, last_loss=0.9, best_loss=0.6, over_chance=_effect(-0.3, -0.1)
    )
    assert verdict(late)[0] is Verdict.OVERFITTING


@pytest.mark.parametrize("field", ["train_loss", "best_loss"])
def test_diverged_baseline_is_not_learning(field: str) -> None:
    """A loss that is not finite is said as such."""
    found, line = verdict(dataclasses.replace(GOOD, over_chance=None, **{field: math.nan}))
    assert found is Verdict.NOT_LEARNING
    assert "not a finite number" in line


def test_a_certain_but_small_gain_is_no_fault() -> None:
    """A proven gain of less than 5 % of what the network gains over chance leaves it healthy."""
    found, line = verdict(
        dataclasses.replace(GOOD, attempts=(_tried(0.001, 0.002, "regularize", name="l2"),))
    )
    assert found is Verdict.HEALTHY
    assert "small" in line
    assert "l2" in line
