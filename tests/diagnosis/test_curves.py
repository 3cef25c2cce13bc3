"""Verdicts from curves alone: each is reached, none depends on the scale, odd curves do not crash."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wellfit.diagnosis._curve_features import accuracy_features, joint_features, shape, smooth
from wellfit.diagnosis._curve_weights import ACCURACIES, LOSSES, WORSE
from wellfit.diagnosis._curves import judge_curves
from wellfit.diagnosis._history import read_history
from wellfit.records import Outcome, Verdict

EPOCHS = np.arange(100)
CURVES = {
    "overfitting": {"loss": 0.7 * 0.96**EPOCHS, "val_loss": 0.45 + 0.25 * 0.85**EPOCHS + 0.004 * EPOCHS},
    "healthy": {"loss": 0.40 + 0.3 * 0.88**EPOCHS, "val_loss": 0.42 + 0.28 * 0.88**EPOCHS},
    "underfitting": {"loss": 2.0 - 0.012 * EPOCHS, "val_loss": 2.0 - 0.0115 * EPOCHS},
}
ODD = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


def judge(curves, seed=None, noise=0.0):
    """Judge curves, with noise on both if asked for."""
    random = np.random.default_rng(seed)
    return judge_curves(
        read_history({k: v * (1 + noise * random.normal(size=len(v))) for k, v in curves.items()})
    )


@pytest.mark.parametrize("verdict", CURVES)
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_clear_curves_get_their_verdict(verdict, noise):
    """The three textbook pictures are told apart, with one percent of noise as well."""
    found = judge(CURVES[verdict], seed=3, noise=noise)
    assert found.verdict == verdict
    assert 0.5 <= found.confidence <= 0.97


def test_overfitting_says_when_to_stop():
    """Overfitting comes with the best epoch, counted from one, and the code for training too long."""
    found = judge(CURVES["overfitting"])
    best = int(np.argmin(CURVES["overfitting"]["val_loss"])) + 1
    assert found.numbers["best_epoch"] == best
    assert f"epoch {best} of 100" in found.verdict_line
    assert [cause.code for cause in found.findings] == ["trained-too-long"]
    assert found.curves[0].best_epoch == best - 1
    assert {e.code for e in found.examined if e.outcome is Outcome.FOUND} == {"trained-too-long"}


def test_falling_curves_ask_for_epochs():
    """Curves that both still fall name too few epochs."""
    assert [cause.code for cause in judge(CURVES["underfitting"]).findings] == ["too-few-epochs"]


def test_every_verdict_says_what_curves_cannot_tell():
    """There is always something that only data would decide."""
    for curves in CURVES.values():
        found = judge(curves)
        assert found.unknown
        assert "decide" in " ".join(found.unknown)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_divergence_is_not_learning(bad):
    """Losses that end as NaN or infinity name the learning rate."""
    found = judge(
        {"loss": np.array([0.7, 0.9, 40.0, bad, bad]), "val_loss": np.array([0.7, 5.0, 80.0, bad, bad])}
    )
    assert found.verdict is Verdict.NOT_LEARNING
    assert [cause.code for cause in found.findings] == ["learning-rate-too-high"]


def test_a_stuck_loss_is_not_learning():
    """A loss that stays at chance is called so, from the first epochs that can show it."""
    found = judge({"loss": np.full(30, 0.6931), "val_loss": np.full(30, 0.6931)})
    assert found.verdict is Verdict.NOT_LEARNING
    assert "0.6931" in found.verdict_line


def test_epochs_without_validation_are_no_divergence():
    """Validation measured every second epoch gives the same verdict as every epoch."""
    curves = dict(CURVES["overfitting"])
    curves["val_loss"] = np.where(EPOCHS % 2 == 0, curves["val_loss"], np.nan)
    assert judge(curves).verdict is Verdict.OVERFITTING


def test_without_validation_nothing_is_claimed():
    """Training loss alone is inconclusive, and the missing validation is named as what would decide."""
    found = judge({"loss": CURVES["overfitting"]["loss"]})
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "validation" in found.unknown[0]


def test_validation_alone_shows_overfitting():
    """Where only the validation loss is left, its rise is enough."""
    assert judge({"val_loss": CURVES["overfitting"]["val_loss"]}).verdict is Verdict.OVERFITTING


def test_accuracies_alone_are_judged():
    """Without losses the error rates are judged, and a note says so."""
    found = judge(
        {"accuracy": 1 - 0.5 * 0.9**EPOCHS, "val_accuracy": 0.8 - 0.3 * 0.8**EPOCHS - 0.001 * EPOCHS}
    )
    assert "accuracy" in found.notes[0]
    assert found.numbers["train_accuracy"] > 0.9


@pytest.mark.parametrize("length", range(1, 4))
def test_a_few_epochs_are_too_few(length):
    """One to three epochs are inconclusive, and that is said."""
    found = judge({name: values[:length] for name, values in CURVES["overfitting"].items()})
    assert found.verdict is Verdict.INCONCLUSIVE
    assert f"{length} epoch" in found.verdict_line


def test_a_rise_within_noise_is_not_overfitting():
    """On flat noisy plateaus, the low minimum of a noisy curve is seldom taken for overfitting."""
    alarms = [
        judge(CURVES["healthy"], seed=seed, noise=0.03).verdict is Verdict.OVERFITTING for seed in range(60)
    ]
    assert np.mean(alarms) <= 0.05


def test_the_weights_fit_the_features():
    """Every feature has a weight in every verdict, and no weight is for a feature that is gone."""
    features = joint_features(shape(EPOCHS / 1.0), shape(EPOCHS / 1.0), 100)
    assert all(set(weights) == {*features, "constant"} for weights in LOSSES.values())
    assert set(WORSE) - {"constant"} <= set(features)
    features |= accuracy_features(EPOCHS / 100.0, EPOCHS / 100.0)
    assert all(set(weights) == {*features, "constant"} for weights in ACCURACIES.values())
    assert set(ACCURACIES) == set(LOSSES)


def test_an_accuracy_that_never_changes_is_not_learning():
    """The loss falls to that of the class shares and levels off: only the accuracies tell it from a fit."""
    losses = {"loss": 0.65 + 0.3 * 0.8**EPOCHS, "val_loss": 0.66 + 0.3 * 0.8**EPOCHS}
    stuck = {"accuracy": np.full(100, 0.63), "val_accuracy": np.full(100, 0.62)}
    wobble = 0.004 * np.sin(EPOCHS)
    moving = {"accuracy": 0.92 - 0.4 * 0.9**EPOCHS + wobble, "val_accuracy": 0.9 - 0.4 * 0.9**EPOCHS - wobble}
    assert judge(losses | stuck).verdict is Verdict.NOT_LEARNING
    assert judge(losses | moving).verdict is Verdict.HEALTHY


@pytest.mark.parametrize("odd", [np.full(100, 90.0), np.where(EPOCHS % 3, np.nan, 0.9), -EPOCHS / 100.0])
def test_accuracies_that_are_no_shares_or_mostly_missing_are_left_out(odd):
    """Percentages, gaps and negative numbers change nothing."""
    plain = judge(CURVES["healthy"])
    found = judge(CURVES["healthy"] | {"accuracy": odd, "val_accuracy": odd})
    assert (found.verdict, found.confidence) == (plain.verdict, plain.confidence)


def test_the_largest_losses_there_are_have_a_shape():
    """Nothing overflows on the way, and the verdict is that of any other unit."""
    values = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 1.0])
    huge = judge({"loss": values, "val_loss": 1.79e308 * values})
    assert huge.verdict is judge({"loss": values, "val_loss": values}).verdict
    assert shape(1.79e308 * values).noise < math.inf


def test_smoothing_cuts_single_spikes():
    """A single spike leaves no trace of its height."""
    values = np.ones(50)
    values[20] = 1e6
    assert smooth(values).max() == 1.0


@ODD
@given(st.sampled_from(sorted(CURVES)), st.integers(0, 5), st.floats(1e-6, 1e6))
def test_the_scale_of_the_loss_does_not_matter(kind, seed, factor):
    """Losses times any positive number give the same verdict and confidence."""
    one = judge(CURVES[kind], seed, 0.01)
    other = judge({name: values * factor for name, values in CURVES[kind].items()}, seed, 0.01)
    assert one.verdict is other.verdict
    assert one.confidence == pytest.approx(other.confidence, rel=1e-6)


@ODD
@given(st.integers(5, 400))
def test_more_of_the_same_plateau_stays_healthy(extra):
    """Constant epochs behind a plateau do not turn it into overfitting."""
    longer = {name: np.concatenate([v, np.full(extra, v[-1])]) for name, v in CURVES["healthy"].items()}
    assert judge(longer).verdict is not Verdict.OVERFITTING


@ODD
@given(
    st.integers(1, 40).flatmap(
        lambda n: st.tuples(*[arrays(float, n, elements=st.floats(allow_nan=True, allow_infinity=True))] * 2)
    )
)
def test_any_curves_are_judged(pair):
    """Whatever numbers come, there is a verdict with a confidence between 0 and 1, and a sentence."""
    found = judge_curves(read_history({"loss": pair[0], "val_loss": pair[1]}))
    assert 0.0 <= found.confidence <= 1.0
    assert found.verdict_line
    assert all(not math.isnan(value) for value in found.numbers.values())


def test_epochs_that_were_not_measured_at_the_end_are_no_divergence():
    """Null is an epoch without a measurement; NaN in its place is a loss that was no number."""
    losses = [0.7, 0.6, 0.5, 0.45, 0.42]
    assert judge_curves(read_history({"loss": [*losses, None, None]})).verdict is Verdict.INCONCLUSIVE
    assert judge_curves(read_history({"loss": [*losses, math.nan]})).verdict is Verdict.NOT_LEARNING


def test_losses_that_were_never_a_number_are_divergence():
    """The sentence counts the epochs there were."""
    found = judge_curves(read_history({"loss": [math.nan] * 5, "val_loss": [None] * 5}))
    assert found.verdict is Verdict.NOT_LEARNING
    assert "within 5 epochs" in found.verdict_line


def test_a_validation_loss_that_was_never_a_number_is_noted():
    """It says nothing of training, whose loss falls."""
    found = judge({"loss": CURVES["healthy"]["loss"], "val_loss": np.full(100, math.nan)})
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "never a number" in found.notes[0]


@pytest.mark.parametrize("side", ["loss", "val_loss"])
def test_losses_of_zero_are_not_judged(side):
    """A loss that is exactly 0 all the time is no loss that is stuck."""
    found = judge(CURVES["healthy"] | {side: np.zeros(100)})
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "exactly 0 in every epoch" in found.verdict_line
    assert ("validation" if side == "val_loss" else "training") in found.verdict_line
    assert found.confidence == 0.0
    assert "decide" in found.unknown[0]


@pytest.mark.parametrize(
    ("losses", "line"),
    [
        ([0.7], "1 epoch shows no trend"),
        ([0.7, 0.6, 0.5], "3 epochs show no trend"),
        ([0.7, None, None, None, None], "1 of 5 epochs was measured"),
        ([0.7, None, 0.6, None, None], "2 of 5 epochs were measured"),
    ],
)
def test_few_measurements_are_counted(losses, line):
    """Grammar included: epochs that were not measured are no flat line."""
    found = judge_curves(read_history({"loss": losses}))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert line in found.verdict_line


def test_epochs_are_whole_numbers():
    """In the evidence, as in the sentence."""
    evidence = judge(CURVES["overfitting"]).findings[0].evidence
    assert isinstance(evidence["best_epoch"], int)
    assert evidence["num_epochs"] == 100
    assert isinstance(evidence["num_epochs"], int)
