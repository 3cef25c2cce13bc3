"""Confirmation: what counts as proven, and what is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from wellfit.records import Metric
from wellfit.search import confirm

LOSS = Metric(name="log_loss", direction="minimize")


def _scores(gain: float, spread: float, seed: int, num_splits: int = 10) -> np.ndarray:
    """Return losses around 0.5 - gain whose differences from 0.5 have exactly that mean and spread."""
    noise = np.random.default_rng(seed).normal(size=num_splits)
    return 0.5 - gain + spread * (noise - noise.mean()) / noise.std(ddof=1)


def test_largest_lower_bound_is_chosen() -> None:
    """A sure small gain is preferred to a larger one that may be small; both are confirmed."""
    baseline = np.full(10, 0.5)
    found = confirm(
        baseline,
        {
            "large-unsure": _scores(0.10, 0.06, 0),
            "small-sure": _scores(0.07, 0.01, 1),
            "none": _scores(0, 0.03, 2),
        },
        metric=LOSS,
        test_ratio=0.25,
    )
    assert found.chosen == "small-sure"
    assert found.confirmed == ("small-sure", "large-unsure")
    assert list(found.results) == ["large-unsure", "small-sure", "none"]


def test_baseline_stays_where_nothing_is_better() -> None:
    """No gain, a harm and a gain within noise leave the baseline."""
    found = confirm(
        np.full(10, 0.5),
        {"none": _scores(0, 0.03, 0), "harm": _scores(-0.1, 0.01, 1), "noise": _scores(0.02, 0.06, 2)},
        metric=LOSS,
        test_ratio=0.25,
    )
    assert (found.chosen, found.confirmed) == (None, ())
    assert found.results["harm"].effect.p_value < 0.05


def test_number_of_finalists_counts() -> None:
    """The same scores are confirmed alone and not beside nineteen others: p-values are corrected."""
    baseline, good = np.full(10, 0.5), _scores(0.02, 0.013, 0)
    others = {str(seed): _scores(0, 0.03, seed) for seed in range(1, 20)}
    alone = confirm(baseline, {"good": good}, metric=LOSS, test_ratio=0.25)
    beside = confirm(baseline, {"good": good, **others}, metric=LOSS, test_ratio=0.25)
    assert (alone.chosen, beside.chosen) == ("good", None)
    assert beside.results["good"].effect.p_value == pytest.approx(20 * alone.results["good"].effect.p_value)


def test_diverged_finalist_counts_and_is_never_confirmed() -> None:
    """A finalist with a failed run has no effect, and still counts as tested."""
    broken = _scores(0.3, 0.01, 0)
    broken[0] = np.nan
    found = confirm(
        np.full(10, 0.5), {"broken": broken, "good": _scores(0.05, 0.01, 1)}, metric=LOSS, test_ratio=0.25
    )
    alone = confirm(np.full(10, 0.5), {"good": _scores(0.05, 0.01, 1)}, metric=LOSS, test_ratio=0.25)
    assert found.chosen == "good"
    assert found.results["broken"].effect is None
    assert found.results["good"].effect.p_value == pytest.approx(2 * alone.results["good"].effect.p_value)


def test_no_finalists() -> None:
    """Nothing to confirm keeps the baseline."""
    assert confirm([0.5, 0.6], {}, metric=LOSS, test_ratio=0.25).chosen is None


def test_winner_keeps_its_promise() -> None:
    """The lower bound of the chosen one is seldom above its true gain, though it was chosen by it.

    Simulated: 6 finalists with true gains of 0 to 0.5 standard deviations, 10 splits, differences
    equally correlated by 0.2 between splits, and by one half between finalists (they share a baseline).
    """
    rng = np.random.default_rng(0)
    truth = np.linspace(0.0, 0.5, 6)
    num_studies, num_splits = 1500, 10

    def noise(*shape: int) -> np.ndarray:
        common = np.sqrt(0.2) * rng.normal(size=(num_studies, *shape, 1))
        return common + np.sqrt(0.8) * rng.normal(size=(num_studies, *shape, num_splits))

    baseline, finalists = noise(), noise(6) - truth[:, None]
    broken = won = 0
    for study in range(num_studies):
        scores = {str(index): finalists[study, index] for index in range(6)}
        found = confirm(baseline[study], scores, metric=LOSS, test_ratio=0.25)
        if found.chosen is not None:
            won += 1
            broken += found.results[found.chosen].effect.low > truth[int(found.chosen)]
    assert won > 50
    assert broken / num_studies <= 0.05
