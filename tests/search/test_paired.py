"""Paired effects and Holm's correction: by hand, and their error rates by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from wellfit.records import Metric, SettingsError
from wellfit.search import confirm, holm, paired_effect

LOSS = Metric(name="log_loss", direction="minimize")
ACCURACY = Metric(name="accuracy", direction="maximize")


def _correlated(num_studies: int, num_splits: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return ``[study, split]`` with mean 0, variance 1 and correlation `share` between splits.

    The structure that the correction of Nadeau and Bengio assumes: every pair of splits is equally
    correlated, by the share of rows that a split tests on.
    """
    common = rng.normal(size=(num_studies, 1))
    return np.sqrt(share) * common + np.sqrt(1 - share) * rng.normal(size=(num_studies, num_splits))


def _resampled_slopes(
    num_studies: int, num_splits: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return ``[study, split]`` test errors of two regressions with equal expected error.

    Real resampling, not a model of it: 60 rows of y = x1 + x2 + noise, 80/20 random splits; one
    regression sees x1 alone, the other x2 alone. By symmetry neither is better.
    """
    num_rows, num_train = 60, 48
    x = rng.normal(size=(num_studies, 2, 1, num_rows))
    y = x.sum(axis=1) + rng.normal(size=(num_studies, 1, num_rows))
    order = rng.permuted(np.tile(np.arange(num_rows), (num_studies, num_splits, 1)), axis=-1)
    train = np.zeros(order.shape, bool)
    np.put_along_axis(train, order[..., :num_train], True, axis=-1)
    errors = []
    for one in (x[:, 0], x[:, 1]):
        slope = (train * one * y).sum(axis=-1) / (train * one * one).sum(axis=-1)
        squared = np.square(y - slope[..., None] * one)
        errors.append((squared * ~train).sum(axis=-1) / (num_rows - num_train))
    return errors[0], errors[1]


def test_by_hand() -> None:
    """Estimate, interval and p-value follow the corrected t test."""
    baseline, remedy = np.array([0.50, 0.52, 0.49, 0.55]), np.array([0.45, 0.49, 0.41, 0.52])
    found = paired_effect(baseline, remedy, metric=LOSS, test_ratio=0.25)
    difference = baseline - remedy
    error = difference.std(ddof=1) * np.sqrt(1 / 4 + 0.25)
    assert found.effect.estimate == pytest.approx(difference.mean())
    assert (found.effect.low, found.effect.high) == pytest.approx(
        stats.t.interval(0.95, 3, difference.mean(), error)
    )
    assert found.effect.p_value == pytest.approx(2 * stats.t.sf(difference.mean() / error, 3))
    assert (found.effect.unit, found.effect.num_pairs, found.note) == ("log_loss", 4, "")


def test_without_overlap_it_is_the_paired_t_test() -> None:
    """With a test ratio of 0 the result is SciPy's paired t test."""
    baseline, remedy = np.random.default_rng(0).normal(size=(2, 8))
    found = paired_effect(baseline, remedy, metric=ACCURACY, test_ratio=0.0)
    assert found.effect.p_value == pytest.approx(stats.ttest_rel(remedy, baseline).pvalue)


def test_direction_orients_the_effect() -> None:
    """Higher is an improvement for accuracy and a loss for log loss."""
    kw = {"test_ratio": 0.25}
    up = paired_effect([0.5, 0.6], [0.6, 0.8], metric=ACCURACY, **kw).effect
    down = paired_effect([0.5, 0.6], [0.6, 0.8], metric=LOSS, **kw).effect
    assert up.estimate == pytest.approx(0.15)
    assert (down.estimate, down.low, down.high) == pytest.approx((-up.estimate, -up.high, -up.low))


def test_seeds_of_a_split_are_averaged() -> None:
    """Repeating every seed ten times narrows nothing: splits are the sample."""
    baseline, remedy = np.random.default_rng(0).normal(size=(2, 5, 2))
    once = paired_effect(baseline, remedy, metric=LOSS, test_ratio=0.25).effect
    often = paired_effect(
        np.repeat(baseline, 10, axis=1), np.repeat(remedy, 10, axis=1), metric=LOSS, test_ratio=0.25
    ).effect
    assert (often.estimate, often.low, often.high) == pytest.approx((once.estimate, once.low, once.high))
    assert (once.num_pairs, often.num_pairs) == (10, 100)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_diverged_remedy_is_not_measurable(bad: float) -> None:
    """One failed run of the remedy takes its effect away, however good its other runs are."""
    found = paired_effect([0.5, 0.5, 0.6], [0.1, bad, 0.1], metric=LOSS, test_ratio=0.25)
    assert found.effect is None
    assert (found.num_failed, found.note) == (1, "diverged in 1 of 3 runs")


def test_diverged_baseline_is_dropped_and_counted() -> None:
    """Where the baseline failed the pair is left out, said and counted; the rest is as if alone."""
    kw = {"metric": LOSS, "test_ratio": 0.25}
    found = paired_effect([0.5, np.nan, 0.6, 0.4], [0.4, np.nan, 0.3, 0.35], **kw)
    assert found.effect == paired_effect([0.5, 0.6, 0.4], [0.4, 0.3, 0.35], **kw).effect
    assert found.num_dropped == 1
    assert "baseline diverged in 1 of 4" in found.note
    nothing = paired_effect([np.nan, np.nan], [0.1, 0.2], **kw)
    assert (nothing.effect, nothing.num_dropped) == (None, 2)


def test_single_split_has_no_interval() -> None:
    """One split gives an estimate, and says that the interval is unknown."""
    found = paired_effect([[0.5, 0.6]], [[0.4, 0.4]], metric=LOSS, test_ratio=0.25)
    assert found.effect.estimate == pytest.approx(0.15)
    assert np.isnan([found.effect.low, found.effect.high, found.effect.p_value]).all()
    assert "single split" in found.note


def test_no_spread() -> None:
    """Equal scores are an effect of zero; equal differences cannot be judged and prove nothing."""
    same = paired_effect([0.5, 0.6], [0.5, 0.6], metric=LOSS, test_ratio=0.25).effect
    assert (same.estimate, same.low, same.high, same.p_value) == (0.0, 0.0, 0.0, 1.0)
    shifted = paired_effect([0.5, 0.6, 0.7], [0.4, 0.5, 0.6], metric=LOSS, test_ratio=0.25)
    assert shifted.effect.estimate == pytest.approx(0.1)
    assert np.isnan(shifted.effect.p_value)
    assert "no spread" in shifted.note


@pytest.mark.parametrize(
    ("baseline", "remedy", "ratio"), [([1], [1, 2], 0.2), ([], [], 0.2), ([1], [1], -0.1)]
)
def test_arguments_are_checked(baseline: list[float], remedy: list[float], ratio: float) -> None:
    """Scores that do not pair and a negative ratio are refused."""
    with pytest.raises(SettingsError):
        paired_effect(baseline, remedy, metric=LOSS, test_ratio=ratio)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=8), st.floats(0.01, 100))
@settings(max_examples=50, deadline=None)
def test_unit_scales_the_effect_and_not_the_p_value(scores: list[float], factor: float) -> None:
    """Measuring in another unit scales estimate and interval alone."""
    baseline = np.linspace(0, 1, len(scores)) ** 2
    one = paired_effect(baseline, scores, metric=LOSS, test_ratio=0.2).effect
    other = paired_effect(baseline * factor, np.multiply(scores, factor), metric=LOSS, test_ratio=0.2).effect
    assert other.estimate == pytest.approx(one.estimate * factor, rel=1e-6, abs=1e-9)
    assert other.p_value == pytest.approx(one.p_value, rel=1e-6, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(("num_splits", "share"), [(5, 0.2), (10, 0.2), (10, 0.5)])
def test_interval_covers_the_truth(num_splits: int, share: float) -> None:
    """Intervals of equally correlated differences hold the true effect in 93 to 97 of 100 studies."""
    rng = np.random.default_rng(0)
    differences = 0.3 + _correlated(2000, num_splits, share, rng)
    effects = [
        paired_effect(np.zeros(num_splits), row, metric=ACCURACY, test_ratio=share / (1 - share)).effect
        for row in differences
    ]
    coverage = np.mean([effect.low <= 0.3 <= effect.high for effect in effects])
    assert 0.93 <= coverage <= 0.97


def test_false_positives_under_real_resampling() -> None:
    """Regressions that are equally good differ "significantly" about as seldom as promised.

    The uncorrected t test on the same scores, which counts overlapping training sets as independent,
    is wrong several times as often: the correction is what holds the rate.
    """
    first, second = _resampled_slopes(1000, 10, np.random.default_rng(0))
    wrong = {
        ratio: np.mean(
            [
                paired_effect(a, b, metric=LOSS, test_ratio=ratio).effect.p_value < 0.05
                for a, b in zip(first, second, strict=True)
            ]
        )
        for ratio in (0.25, 0.0)
    }
    assert wrong[0.25] <= 0.075
    assert wrong[0.0] > 2 * wrong[0.25]


def test_holm_by_hand() -> None:
    """Sorted values are multiplied by how many remain, never fall, end at 1; NaN counts and stays."""
    assert holm([0.04, 0.01, 0.03, 0.005]) == pytest.approx((0.06, 0.03, 0.06, 0.02))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    with_nan = holm([0.01, float("nan")])
    assert with_nan[0] == pytest.approx(0.02)
    assert np.isnan(with_nan[1])
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_raw_and_bonferroni(p_values: list[float]) -> None:
    """Correction never lowers a p-value, never exceeds Bonferroni's, and keeps the order."""
    corrected = np.array(holm(p_values))
    raw = np.array(p_values)
    assert (corrected >= raw).all()
    assert (corrected <= np.minimum(1.0, raw * len(raw)) + 1e-15).all()
    assert (np.diff(corrected[np.argsort(raw, kind="stable")]) >= 0).all()


def test_family_wise_error_of_confirm() -> None:
    """With five useless finalists, which share the baseline's noise, at most 5 % of studies keep one."""
    rng = np.random.default_rng(0)
    num_studies, num_splits = 1000, 8
    baseline = _correlated(num_studies, num_splits, 0.2, rng)
    finalists = [_correlated(num_studies, num_splits, 0.2, rng) for _ in range(5)]
    wrong = sum(
        confirm(
            baseline[study],
            {str(index): scores[study] for index, scores in enumerate(finalists)},
            metric=LOSS,
            test_ratio=0.25,
        ).chosen
        is not None
        for study in range(num_studies)
    )
    assert wrong / num_studies <= 0.05
