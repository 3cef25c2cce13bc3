"""What the intervals and p-values of gains promise, by simulation."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import numpy as np
import pytest

from wellfit.diagnosis import BASELINE, MIN_GAIN, Evidence, Runs
from wellfit.diagnosis._cause import MAX_P
from wellfit.diagnosis._evidence import Float64Array
from wellfit.diagnosis._gain import best_probe, confidence_of, effect_ruling, gain_ruling
from wellfit.records import Effect, Outcome

NAMES = ["L2 0.01", "dropout 0.5", "width x0.5"]
NUM_SIMULATIONS = 600
LEVEL = 0.5


def runs_ending_at(losses: Float64Array, trials: tuple[int, ...]) -> Runs:
    """Return runs whose losses are flat at ``[trial]`` values."""
    curves = np.repeat(losses[:, None], samples.EPOCHS, axis=1)
    return Runs(
        trials=trials,
        train_loss=curves,
        validation_loss=curves,
        penalty=np.zeros_like(curves),
        train_accuracy=np.zeros((0, 0)),
        validation_accuracy=np.zeros((0, 0)),
        balanced=np.zeros(0),
    )


def noise(rng: np.random.Generator, spread: float, *, fresh: bool) -> Evidence:
    """Return evidence in which no probe differs from the network as it stands but by noise."""

    def table(trials: tuple[int, ...]) -> dict[str, Runs]:
        shared = rng.normal(scale=spread, size=len(trials))
        draws = [shared + rng.normal(scale=spread, size=len(trials)) for _ in range(1 + len(NAMES))]
        return {
            name: runs_ending_at(LEVEL + own, trials)
            for name, own in zip([BASELINE, *NAMES], draws, strict=True)
        }

    return replace(BLANK, runs=table(samples.TRIALS), fresh=table(samples.FRESH_TRIALS) if fresh else {})


BLANK = samples.only_baseline(samples.make_evidence())


def share_found(names: list[str], *, fresh: bool, spread: float, seed: int) -> float:
    """Return how often something is found in pure noise."""
    rng = np.random.default_rng(seed)
    rulings = [gain_ruling(noise(rng, spread, fresh=fresh), names) for _ in range(NUM_SIMULATIONS)]
    return float(np.mean([ruling.outcome is Outcome.FOUND for ruling in rulings]))


def most(level: float) -> float:
    """Return the level plus three standard errors of a simulation."""
    return level + 3 * float(np.sqrt(level * (1 - level) / NUM_SIMULATIONS))


@pytest.mark.parametrize("spread", [0.02, 0.1])
def test_noise_on_fresh_trials_is_found_at_the_nominal_level(spread: float) -> None:
    """Choosing the best of several probes on the first look does not raise the level of the confirmation."""
    assert share_found(NAMES, fresh=True, spread=spread, seed=1) <= most(MAX_P / 2)


def test_noise_of_one_probe_is_found_at_the_nominal_level() -> None:
    """One probe on the first look alone: only gains count, half of the two-sided level."""
    assert share_found(NAMES[:1], fresh=False, spread=0.1, seed=2) <= most(MAX_P / 2)


def test_noise_of_the_best_of_several_is_found_at_most_as_often_as_they_are() -> None:
    """Without fresh trials the levels of the probes add up, and no more."""
    assert share_found(NAMES, fresh=False, spread=0.1, seed=3) <= most(len(NAMES) * MAX_P / 2)


def test_a_real_gain_is_found() -> None:
    """The level above is not bought by finding nothing: a clear effect is found nearly always."""
    rng = np.random.default_rng(4)
    count = 0
    for _ in range(100):
        evidence = noise(rng, 0.05, fresh=True)
        gained = evidence.fresh[NAMES[0]].validation_loss - 0.25
        better = replace(evidence.fresh[NAMES[0]], validation_loss=gained)
        evidence = replace(evidence, fresh={**evidence.fresh, NAMES[0]: better})
        count += gain_ruling(evidence, NAMES[:1]).outcome is Outcome.FOUND
    assert count >= 90


@pytest.mark.parametrize("num_trials", [3, 5, 11])
def test_intervals_cover_the_truth(num_trials: int) -> None:
    """Of independent normal differences the 95 % interval holds the mean at least 93 times of 100."""
    rng = np.random.default_rng(num_trials)
    truth, spread = 0.2, 0.1
    covered = []
    for _ in range(3000):
        effect = BLANK.effect_of(rng.normal(truth, spread, num_trials), prior=spread**2)
        assert effect is not None
        covered.append(effect.low <= truth <= effect.high)
    assert np.mean(covered) >= 0.93


def test_p_values_are_no_smaller_than_they_should_be() -> None:
    """Without an effect a p-value below any level is no more frequent than the level."""
    rng = np.random.default_rng(5)
    effects = [BLANK.effect_of(rng.normal(0.0, 0.1, 5), prior=0.01) for _ in range(3000)]
    values = np.array([effect.p_value for effect in effects if effect is not None])
    for level in (0.01, 0.05, 0.2):
        assert np.mean(values <= level) <= level + 3 * np.sqrt(level * (1 - level) / 3000)


def test_an_effect_is_the_mean_with_an_interval_around_it() -> None:
    """Estimate, ends and p-value belong together."""
    effect = BLANK.effect_of(np.array([0.1, 0.2, 0.3]), prior=0.01)
    assert effect is not None
    assert effect.estimate == pytest.approx(0.2)
    assert effect.high - effect.estimate == pytest.approx(effect.estimate - effect.low)
    assert (effect.p_value < 0.05) == (effect.low > 0)
    assert effect.num_pairs == 3
    assert BLANK.effect_of(np.zeros(0)) is None


def test_more_spread_is_less_certain() -> None:
    """Trials that disagree, and a larger usual spread, widen the interval."""
    widths = []
    for spread, prior in ((0.01, 1e-4), (0.1, 1e-4), (0.1, 1e-2)):
        effect = BLANK.effect_of(0.2 + spread * np.array([-1.0, 0.0, 1.0]), prior=prior)
        assert effect is not None
        widths.append(effect.high - effect.low)
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_a_diverged_run_counts_as_far_beyond_chance_and_no_further() -> None:
    """NaN, infinity and a million are the same, and somewhat worse than chance."""
    capped = BLANK.capped(np.array([np.nan, np.inf, 1e6, 0.5]))
    assert capped[0] == capped[1] == capped[2] > BLANK.chance_loss
    assert capped[3] == 0.5


def test_an_epoch_is_judged_on_trials_that_did_not_choose_it() -> None:
    """Of flat losses with noise the best epoch gains nothing on average."""
    rng = np.random.default_rng(6)
    gains = []
    for _ in range(200):
        losses = LEVEL + rng.normal(scale=0.1, size=(len(samples.TRIALS), samples.EPOCHS))
        base = replace(runs_ending_at(losses[:, 0], samples.TRIALS), validation_loss=losses)
        effect, _ = replace(BLANK, runs={BASELINE: base}).at_epochs(0, samples.EPOCHS - 1)
        assert effect is not None
        gains.append(effect.estimate)
    assert abs(np.mean(gains)) <= 3 * np.std(gains) / np.sqrt(len(gains))


def test_the_best_probe_is_chosen_on_the_first_look_only() -> None:
    """What leads there is told by its fresh trials, though another gained more on those."""
    evidence = samples.make_evidence(
        gains={NAMES[0]: 0.2, NAMES[1]: 0.1}, fresh={NAMES[0]: 0.05, NAMES[1]: 0.3}
    )
    best = best_probe(evidence, NAMES)
    assert best is not None
    assert best[0] == NAMES[0]
    assert best[1].estimate == pytest.approx(0.05)
    assert best_probe(evidence, ["no such probe"]) is None
    assert best_probe(evidence, NAMES, accepts=lambda *_: False) is None


def effect(estimate: float, half: float, p_value: float) -> Effect:
    """Return an effect with a symmetric interval."""
    return Effect(
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        p_value=p_value,
        unit="share of the possible improvement",
        num_pairs=5,
    )


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (effect(2 * MIN_GAIN, MIN_GAIN, MAX_P / 2), Outcome.FOUND),
        (effect(2 * MIN_GAIN, MIN_GAIN, 2 * MAX_P), Outcome.SILENT),
        (effect(MIN_GAIN / 2, MIN_GAIN / 4, MAX_P / 2), Outcome.SILENT),
        (effect(2 * MIN_GAIN, 1.0, 0.5), Outcome.CANNOT_TELL),
        (effect(0.0, 1.0, 0.99), Outcome.SILENT),
    ],
)
def test_an_effect_must_be_large_and_certain(given: Effect, outcome: Outcome) -> None:
    """Either alone is not enough; a wide interval around a gain leaves it open."""
    assert effect_ruling(given, {}).outcome is outcome


def test_confidence_grows_with_size_and_certainty() -> None:
    """Between one half and certainty."""
    values = [
        confidence_of(effect(size, 0.01, p_value))
        for size, p_value in ((MIN_GAIN, MAX_P), (MIN_GAIN, MAX_P / 10), (4 * MIN_GAIN, MAX_P / 10))
    ]
    assert values == sorted(values)
    assert 0.5 <= values[0] < values[-1] < 1


@pytest.mark.parametrize("unit", [1e-24, 1e60])
def test_the_unit_of_the_loss_may_be_any(unit: float) -> None:
    """Losses of targets around 1e-12 or 1e30 have a scale and gains like all others."""
    plain, odd = (samples.make_evidence(gains={"L2 0.01": 0.2}, unit=one) for one in (1.0, unit))
    assert odd.scale == pytest.approx(unit * plain.scale)
    own, other = plain.effect("L2 0.01"), odd.effect("L2 0.01")
    assert own is not None
    assert other is not None
    assert other.estimate == pytest.approx(own.estimate)
