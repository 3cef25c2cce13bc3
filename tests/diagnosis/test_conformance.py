"""What every cause must do, whatever it looks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import evidence_samples as samples
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.diagnosis import (
    BASELINE,
    CAUSES,
    MIN_GAIN,
    Cause,
    Evidence,
    Facts,
    Probe,
    Ruling,
    examine_all,
    examined_records,
    findings,
    probes_for,
    verdict_of,
)
from wellfit.records import Outcome, Verdict

ROOT = Path(__file__).parents[2]
CODES = {
    "batchnorm-mode",
    "class-imbalance",
    "dead-units",
    "excess-capacity",
    "insufficient-capacity",
    "irreducible-noise",
    "label-noise",
    "leakage",
    "learning-rate-too-high",
    "learning-rate-too-low",
    "no-signal",
    "over-regularized",
    "overconfidence",
    "penalty-in-loss",
    "preprocessing-mismatch",
    "rare-features",
    "split-shift",
    "too-few-epochs",
    "too-few-rows",
    "trained-too-long",
    "unscaled-inputs",
    "validation-too-small",
    "weak-regularization",
    "wiring",
}
CASES: dict[str, Callable[..., Evidence]] = {
    "healthy": samples.make_evidence,
    "overfitting": lambda **rest: samples.make_evidence(
        loss=0.7,
        train_loss=0.1,
        early_loss=0.4,
        gains={"L2 0.01": (0.3, -0.1), "width x0.5": (0.2, -0.05)},
        fresh={"L2 0.01": (0.25, -0.1), "width x0.5": (0.15, -0.05)},
        **rest,
    ),
    "underfitting": lambda **rest: samples.make_evidence(
        loss=0.6, train_loss=0.6, gains={"learning rate x10": 0.4, "width x4": 0.1}, later=0.2, **rest
    ),
    "misread": lambda **rest: samples.make_evidence(
        penalty=0.6,
        network={"loss_recalibrated": [0.1] * 3},
        data={"mismatched_columns": ["a"], "matched_gains": [0.2] * 3, "validation_error": 0.02},
        **rest,
    ),
    "nothing to learn": lambda **rest: samples.make_evidence(
        loss=1.05,
        train_loss=0.9,
        best=0.99,
        data={"signal_z": 0.5, "signal_skill": 0.0, "signal_skill_high": 0.01},
        **rest,
    ),
}

every_cause = pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.code)


def outcomes(evidence: Evidence) -> dict[str, Outcome]:
    """Return code to outcome of every cause."""
    return {cause.code: ruling.outcome for cause, ruling in examine_all(evidence)}


def ruling_of(code: str, evidence: Evidence) -> Ruling:
    """Return what comes of one cause."""
    return next(cause for cause in CAUSES if cause.code == code).examine(evidence)


def test_the_codes_are_the_fixed_ones() -> None:
    """Every code has exactly one entry, and no entry has a code of its own making."""
    codes = [cause.code for cause in CAUSES]
    assert len(codes) == len(set(codes)) == 24
    assert set(codes) == CODES


@every_cause
def test_a_cause_is_complete(cause: Cause) -> None:
    """It has a page, remedies, an experiment in a sentence, and a family that a verdict can be."""
    assert (ROOT / "docs" / "causes" / f"{cause.code}.md").is_file()
    assert cause.remedies
    assert all(cause.remedies)
    assert len(cause.experiment) > 10
    assert cause.family in set(Verdict) - {Verdict.HEALTHY, Verdict.INCONCLUSIVE}


@every_cause
def test_probes_change_something_and_are_named_once(cause: Cause) -> None:
    """Each experiment differs from the network as it stands and has a name of its own."""
    for situation in (samples.SITUATION, samples.REGRESSION):
        probes = cause.probes(situation)
        assert len({probe.name for probe in probes}) == len(probes)
        for probe in probes:
            assert probe.name != BASELINE
            assert replace(probe, name="") != replace(samples.make_evidence().probes[BASELINE], name="")


def test_questions_are_no_remedies() -> None:
    """Few rows and permuted labels ask; leaving out doubtful labels or columns may mend."""
    asked = {probe.name for cause in CAUSES for probe in cause.probes(samples.SITUATION) if probe.is_question}
    assert "permuted labels" in asked
    assert any("memorize" in name for name in asked)
    assert all("permuted" in name or "rows" in name for name in asked)
    assert not Probe(name="x", labels="unsuspected").is_question
    assert not Probe(name="x", scale="without-leak").is_question


def test_equal_names_are_equal_experiments() -> None:
    """Two causes that ask for a probe of one name mean the same thing."""
    asked = [probe for cause in CAUSES for probe in cause.probes(samples.SITUATION)]
    kept = {probe.name: probe for probe in probes_for(samples.SITUATION)}
    assert all(probe == replace(kept[probe.name], needs_gap=False) for probe in asked)


@every_cause
@pytest.mark.parametrize("situation", [samples.SITUATION, samples.REGRESSION], ids=["binary", "regression"])
@pytest.mark.parametrize("spread", [0.0, 0.01])
def test_nothing_is_found_on_a_healthy_network(cause: Cause, situation: object, spread: float) -> None:
    """No experiment gains anything, so that no cause holds, and every one can say so."""
    ruling = cause.examine(samples.make_evidence(situation=situation, spread=spread))
    assert ruling.outcome in (Outcome.SILENT, Outcome.NOT_APPLICABLE)
    assert ruling.reason


@pytest.mark.parametrize("confirmed", [None, {"L2 0.01": 0.0}], ids=["first look", "confirmed"])
def test_a_healthy_network_is_called_healthy(confirmed: object) -> None:
    """The verdict of nothing found is healthy, whether anything was confirmed or not."""
    examined = examine_all(samples.make_evidence(fresh=confirmed))
    assert findings(examined) == ()
    assert verdict_of((), examined)[0] is Verdict.HEALTHY


@every_cause
@pytest.mark.parametrize("case", CASES)
def test_runs_that_diverged_do_not_break_it(cause: Cause, case: str) -> None:
    """Losses that are NaN in one trial, in all trials, or from halfway on give an outcome."""
    evidence = CASES[case](spread=0.01)

    def one(values: np.ndarray) -> np.ndarray:
        return np.where(np.arange(len(values))[:, None] == 1, np.nan, values)

    def late(values: np.ndarray) -> np.ndarray:
        return np.where(np.arange(values.shape[1]) >= samples.EPOCHS // 2, np.nan, values)

    for change in (one, late, lambda values: np.full_like(values, np.nan)):
        broken = samples.with_runs(evidence, validation_loss=change, train_loss=change, penalty=change)
        ruling = cause.examine(broken)
        assert ruling.outcome in set(Outcome)
        assert 0.0 <= ruling.confidence <= 1.0


@every_cause
@pytest.mark.parametrize("num_epochs", [1, samples.EPOCHS - 1])
def test_runs_that_ended_early_do_not_break_it(cause: Cause, num_epochs: int) -> None:
    """Where all runs diverge or time is up, curves are shorter than the epochs asked for."""
    for case in CASES.values():

        def cut(values: np.ndarray) -> np.ndarray:
            return values[:, :num_epochs]

        broken = samples.with_runs(case(), validation_loss=cut, train_loss=cut, penalty=cut)
        assert cause.examine(broken).outcome in set(Outcome)


@every_cause
@pytest.mark.parametrize("side", ["validation_loss", "train_loss", "penalty"])
def test_one_side_that_is_not_finite_does_not_break_it(cause: Cause, side: str) -> None:
    """Infinity or NaN on one side only gives an outcome as well."""
    for value in (np.nan, np.inf):
        broken = samples.with_runs(
            samples.make_evidence(), **{side: lambda values, v=value: np.full_like(values, v)}
        )
        assert cause.examine(broken).outcome in set(Outcome)


@every_cause
@pytest.mark.parametrize("case", CASES)
def test_a_lone_baseline_is_enough_to_answer(cause: Cause, case: str) -> None:
    """Without any experiment there is an outcome; what was not tried is not found."""
    ruling = cause.examine(samples.only_baseline(CASES[case]()))
    assert ruling.outcome in set(Outcome)
    assert ruling.outcome is Outcome.FOUND or ruling.reason


@every_cause
@pytest.mark.parametrize("case", CASES)
def test_absent_facts_are_not_measured(cause: Cause, case: str) -> None:
    """A fact that nobody measured is no evidence of anything."""
    evidence = replace(CASES[case](), facts=Facts())
    assert cause.examine(evidence).outcome in set(Outcome)
    if case == "healthy":
        assert cause.examine(evidence).outcome is not Outcome.FOUND


@pytest.mark.parametrize("case", CASES)
def test_findings_are_ranked(case: str) -> None:
    """What spoils all comparisons leads; within a tier the score decides."""
    examined = examine_all(CASES[case]())
    rulings = {cause.code: ruling for cause, ruling in examined}
    order = [
        (rulings[one.code].tier, -_score(rulings[one.code])) for one in findings(list(reversed(examined)))
    ]
    assert order == sorted(order)
    assert case == "healthy" or order


def test_effects_order_findings_of_one_tier() -> None:
    """The larger of two gains is named first, either way round."""
    first = samples.make_evidence(loss=0.8, gains={"learning rate x10": 0.5, "width x4": 0.2})
    second = samples.make_evidence(loss=0.8, gains={"learning rate x10": 0.2, "width x4": 0.5})
    codes = [[one.code for one in findings(examine_all(evidence))] for evidence in (first, second)]
    assert codes == [
        ["learning-rate-too-low", "insufficient-capacity"],
        ["insufficient-capacity", "learning-rate-too-low"],
    ]


def test_the_first_finding_is_the_verdict() -> None:
    """Family and confidence are those of the leading cause, and its page is linked."""
    examined = examine_all(CASES["underfitting"]())
    found = findings(examined)
    assert verdict_of(found, examined) == (Verdict.UNDERFITTING, found[0].confidence)
    assert found[0].page == "docs/causes/learning-rate-too-low.md"
    assert [one.code for one in examined_records(examined)] == [cause.code for cause in CAUSES]


@pytest.mark.parametrize(
    ("learned", "verdict"), [(samples.BELOW, Verdict.NOT_LEARNING), (samples.ABOVE, Verdict.UNDERFITTING)]
)
def test_a_network_that_has_learned_most_is_learning(learned: float, verdict: Verdict) -> None:
    """Too high a rate that still lets a network go half of the way is underfitting."""
    evidence = samples.make_evidence(loss=0.6, gains={"learning rate x0.1": 0.3})
    examined = examine_all(evidence)
    found = findings(examined)
    assert found[0].code == "learning-rate-too-high"
    assert verdict_of(found, examined, learned=0.5 * learned)[0] is verdict
    assert evidence.learned == pytest.approx(0.4)


def test_what_was_tried_and_gained_is_the_first_remedy() -> None:
    """With what it gained; the general remedies follow."""
    found = findings(examine_all(samples.make_evidence(loss=0.8, gains={"learning rate x10": 0.5})))
    assert found[0].remedies[0] == "learning rate x10: it gained 50% here"
    assert "use the larger learning rate" in found[0].remedies


def test_without_a_signal_other_gains_mean_nothing() -> None:
    """Where the inputs say nothing, only what spoils every comparison is named beside it."""
    evidence = CASES["nothing to learn"](gains={"L2 0.01": (0.05, -0.1)})
    assert ruling_of("weak-regularization", evidence).outcome is Outcome.FOUND
    assert "no-signal" in (codes := [one.code for one in findings(examine_all(evidence))])
    assert all(ruling_of(code, evidence).tier == 0 for code in codes)


def test_a_large_gain_within_noise_is_inconclusive() -> None:
    """A gain that is neither shown nor excluded makes the verdict inconclusive, not healthy."""
    gains = {"L2 0.01": (2 * MIN_GAIN, -0.1)}
    examined = examine_all(samples.make_evidence(loss=0.6, gains=gains, spread=0.6))
    assert not findings(examined)
    assert verdict_of((), examined)[0] is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("case", CASES)
def test_the_order_of_trials_does_not_matter(case: str) -> None:
    """Members in another order give the same outcomes and effects."""
    evidence = CASES[case](spread=0.01)
    for seed in range(2):
        for (cause, one), (_, two) in zip(
            examine_all(evidence), examine_all(samples.shuffled(evidence, seed)), strict=True
        ):
            assert one.outcome is two.outcome, cause.code
            if one.effect is not None:
                assert one.effect.estimate == pytest.approx(two.effect.estimate, abs=1e-9)
                assert one.effect.p_value == pytest.approx(two.effect.p_value, rel=1e-6, abs=1e-12)


@settings(max_examples=10, deadline=None)
@given(unit=st.floats(1e-4, 1e4), case=st.sampled_from(sorted(CASES)))
def test_the_unit_of_the_loss_does_not_matter(unit: float, case: str) -> None:
    """Losses that are all multiplied by one factor give the same outcomes and effects."""
    plain, scaled = CASES[case](spread=0.01), CASES[case](spread=0.01, unit=unit)
    assert outcomes(scaled) == outcomes(plain)
    for (_, one), (_, two) in zip(examine_all(plain), examine_all(scaled), strict=True):
        if one.effect is not None:
            assert two.effect is not None
            assert two.effect.estimate == pytest.approx(one.effect.estimate, rel=1e-6, abs=1e-9)


def _score(ruling: Ruling) -> float:
    if ruling.score is not None:
        return ruling.score
    return 0.0 if ruling.effect is None else ruling.effect.estimate
