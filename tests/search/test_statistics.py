"""The statistics of confirmation hold what they promise, on splits of the same rows as in a study.

Simulated with real training: ridge regression in closed form on random, overlapping splits of each data set,
with the losses of the rows that are scored. The baseline leaves one feature out, each finalist another one.
Where all features matter alike no finalist is better, whatever a data set makes it look like.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from wellfit.records import Metric
from wellfit.search import Confirmation, confirm, paired_effect

MSE = Metric(name="mse", direction="minimize")
NUM_FEATURES, NUM_FINALISTS, NUM_SPLITS = 8, 4, 10
SAME = (0.3,) * NUM_FEATURES
SMALL = (0.35, *(0.25,) * (NUM_FEATURES - 1))
LARGE = (0.8, *(0.2,) * (NUM_FEATURES - 1))


@dataclass(frozen=True)
class Studies:
    """Losses ``[study, network, split]``, baseline first; the true losses of the same networks; the ratio."""

    losses: np.ndarray
    true_losses: np.ndarray
    test_ratio: float

    @property
    def gains(self) -> np.ndarray:
        """``[finalist]`` true gains over the baseline, over all data sets."""
        mean = self.true_losses.mean(axis=(0, 2))
        return mean[0] - mean[1:]

    def confirmed(self, study: int) -> Confirmation:
        """Return what a study would confirm."""
        scores = {str(k): self.losses[study, k + 1] for k in range(NUM_FINALISTS)}
        return confirm(self.losses[study, 0], scores, metric=MSE, test_ratio=self.test_ratio)


def simulate(weights: tuple[float, ...], num_studies: int, num_rows: int = 120, seed: int = 0) -> Studies:
    """Draw data sets, split each as a study does (15 % scored, 12 % of the rest unused), and train."""
    rng = np.random.default_rng(seed)
    truth = np.array(weights)
    scored = round(0.15 * num_rows)
    unused = round(0.12 * (num_rows - scored))
    losses = np.empty((num_studies, NUM_FINALISTS + 1, NUM_SPLITS))
    true_losses = np.empty_like(losses)
    for study in range(num_studies):
        x = rng.normal(size=(num_rows, NUM_FEATURES))
        y = x @ truth + rng.normal(size=num_rows)
        order = rng.permuted(np.tile(np.arange(num_rows), (NUM_SPLITS, 1)), axis=1)
        test, train = order[:, :scored], order[:, scored + unused :]
        gram = np.einsum("sri,srj->sij", x[train], x[train]) + 1e-3 * np.eye(NUM_FEATURES)
        moment = np.einsum("sri,sr->si", x[train], y[train])
        for network in range(NUM_FINALISTS + 1):
            kept = np.delete(np.arange(NUM_FEATURES), network)
            found = np.linalg.solve(gram[:, kept[:, None], kept], moment[:, kept, None])[..., 0]
            error = np.einsum("sri,si->sr", x[test][:, :, kept], found) - y[test]
            losses[study, network] = (error**2).mean(axis=1)
            true_losses[study, network] = ((found - truth[kept]) ** 2).sum(axis=1) + truth[network] ** 2
    return Studies(losses, true_losses, scored / train.shape[1])


def promised(studies: Studies, *, fair: bool = True) -> np.ndarray:
    """Return ``[winner]`` promised minus true gain; with `fair` False the plain mean is the promise."""
    found = []
    for study in range(len(studies.losses)):
        outcome = studies.confirmed(study)
        if outcome.chosen is None:
            continue
        index = int(outcome.chosen)
        effect = outcome.results[outcome.chosen].effect
        assert effect is not None
        mean = 0.5 * (effect.low + effect.high)
        assert effect.low <= effect.estimate <= mean
        found.append((effect.estimate if fair else mean) - studies.gains[index])
    return np.array(found)


def test_without_an_effect_nothing_is_declared_useful() -> None:
    """At most one study in twenty confirms anything though nothing helps, of four finalists."""
    studies = simulate(SAME, 600)
    chosen = [studies.confirmed(study).chosen is not None for study in range(600)]
    assert 0 < np.mean(chosen) <= 0.05


@pytest.mark.parametrize(("weights", "num_rows"), [(SAME, 120), (SMALL, 120), (LARGE, 400)])
def test_intervals_cover_the_truth(weights: tuple[float, ...], num_rows: int) -> None:
    """95 % intervals hold the true gain in 93 to 97 % of the cases.

    Overlapping splits make the plain t interval far too narrow: it covers less than 80 %.
    """
    studies = simulate(weights, 300, num_rows, seed=1)

    def covered(test_ratio: float) -> float:
        hits = []
        for study in range(300):
            for index, gain in enumerate(studies.gains):
                effect = paired_effect(
                    studies.losses[study, 0],
                    studies.losses[study, index + 1],
                    metric=MSE,
                    test_ratio=test_ratio,
                ).effect
                assert effect is not None
                hits.append(effect.low <= gain <= effect.high)
        return float(np.mean(hits))

    assert 0.93 <= covered(studies.test_ratio) <= 0.97
    assert covered(0.0) < 0.8


def test_a_gain_that_is_clear_is_promised_as_it_is() -> None:
    """Where the gain is large for the rows there are, the winner's promise is off by less than 3 % of it."""
    studies = simulate(LARGE, 400, 400, seed=2)
    off = promised(studies)
    assert len(off) > 350
    assert abs(off.mean()) < 0.03 * studies.gains.mean()


@pytest.mark.parametrize("weights", [SAME, SMALL])
def test_what_is_confirmed_by_luck_promises_far_less_than_it_measured(weights: tuple[float, ...]) -> None:
    """Where hardly any study confirms anything, those that do were lucky: half of the flattery goes.

    Over all studies, those that keep the baseline and promise nothing included, what is left is below a
    tenth of the error of a single estimate.
    """
    studies = simulate(weights, 1500, seed=3)
    plain, fair = promised(studies, fair=False), promised(studies)
    assert plain.mean() > 0.1
    assert fair.mean() < 0.6 * plain.mean()
    error = (studies.losses[:, 0] - studies.losses[:, 1]).mean(axis=1).std()
    assert fair.sum() / len(studies.losses) < 0.1 * error


def test_rows_that_chose_nothing_promise_the_truth() -> None:
    """The difference on fresh rows, as on the holdout, is right on average even for lucky winners."""
    studies = simulate(SMALL, 1500, seed=4)
    off = []
    for study in range(len(studies.losses)):
        chosen = studies.confirmed(study).chosen
        if chosen is not None:
            true = studies.true_losses[study].mean(axis=1)
            off.append(true[0] - true[int(chosen) + 1] - studies.gains[int(chosen)])
    assert len(off) > 30
    assert abs(np.mean(off)) < 3 * np.std(off) / np.sqrt(len(off)) + 0.01
