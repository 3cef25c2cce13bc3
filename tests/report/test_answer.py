"""The answer that a page opens with: what is wrong, what to change, how sure, and nothing made up."""

from __future__ import annotations

import dataclasses

import pytest
from report_samples import confirmed, effect, full, minimal, nothing_helped, partial, regression

from wellfit.records import Metric, Remedy, Report, Verdict
from wellfit.report._answer import answer, support
from wellfit.report._change_words import change_in_words, changes_in_words
from wellfit.report._summary import Change


def _holdout(**changes: float) -> Report:
    report = full()
    assert report.holdout is not None
    return dataclasses.replace(report, holdout=dataclasses.replace(report.holdout, **changes))


def test_a_proven_change_is_told_in_two_sentences() -> None:
    """Gap, cause, changes, scores before and after, share with its interval, and the rows behind it."""
    found = answer(full())
    assert found.problem == (
        "Overfits: 0.388 nats of gap between training and validation loss, mostly because regularization is "
        "too weak for 7,043 rows."
    )
    assert found.advice == (
        "L2 0.0001 with dropout 0.3 and early stopping with patience 8 lowers log loss from 0.431 to 0.419 "
        "(3 %, 95 % interval 1 to 5 %), confirmed on 1,409 rows that nothing else had seen."
    )
    assert (found.light, found.support[0]) == ("amber", "green")


def test_a_holdout_that_cannot_tell_is_not_called_a_confirmation() -> None:
    """Fresh splits confirm, the holdout alone does not: both are said, and nothing is relative."""
    report = _holdout(low=-0.004, high=0.029)
    found = answer(report)
    assert support(report) == "splits"
    assert "in 10 pairs of runs on fresh splits" in found.advice
    assert "alone does not tell the two apart (95 % interval -0.0040 to +0.0290)" in found.advice
    assert "confirmed on" not in found.advice


def test_a_holdout_that_is_worse_forbids_the_change() -> None:
    """The contradiction comes first, with the scores."""
    found = answer(_holdout(difference=-0.01, low=-0.02, high=-0.002))
    assert found.advice.startswith("Do not change the network on this evidence")
    assert found.support[0] == "red"


def test_what_was_only_screened_is_not_confirmed() -> None:
    """Without a confirmed effect the advice says that it flatters, also where the holdout was not reached."""
    screened = dataclasses.replace(confirmed()[0], stage="screened")
    report = dataclasses.replace(full(), remedies=(screened,), holdout=None)
    assert support(report) == "screen"
    assert "was not confirmed on fresh splits" in answer(report).advice
    assert "The holdout was not reached" in answer(report).advice


def test_nothing_helped_says_leave_it_out() -> None:
    """The baseline stays, with how many remedies say so and what it reaches."""
    found = answer(nothing_helped())
    assert found.advice == (
        "Keep the network as it is and leave the remedies out: none of the 12 that were measured is "
        "confirmed to be better. On the 1,409 rows of the holdout its log loss is 0.431, "
        "against 0.579 for the same prediction on every row."
    )
    assert found.support == ("gray", "No change is confirmed to help")


def test_a_network_that_is_no_better_than_chance_is_called_so() -> None:
    """A loss alone says nothing to who does not know what one prediction for every row costs."""
    report = nothing_helped()
    assert report.holdout is not None
    scores = {"log_loss": 0.62}
    worse = dataclasses.replace(report.holdout, baseline=scores, improved=scores)
    said = answer(dataclasses.replace(report, holdout=worse)).advice
    assert said.endswith("is 0.620, which is no better than the same prediction on every row (0.579).")
    alone = dataclasses.replace(report.holdout, references={})
    assert answer(dataclasses.replace(report, holdout=alone)).advice.endswith("its log loss is 0.431.")


def test_a_partial_study_advises_nothing() -> None:
    """Neither keep nor change is proven by a study that ended early."""
    found = answer(partial())
    assert found.advice.startswith("Change nothing yet: the study ended before")
    assert found.problem.startswith("Cannot tell what is wrong, if anything: gains of up to ")


def test_what_promises_most_is_named_where_nothing_was_confirmed() -> None:
    """A reader of a study that ended early learns what to look at next, and that the screen flatters."""
    promising = Remedy(
        name="dropout-0.1",
        settings={"dropout": 0.1},
        stage="screened",
        kept=False,
        effect=effect(0.02, 0.01, p_value=0.01),
    )
    report = dataclasses.replace(partial(), remedies=(promising,))
    said = "Most promising is dropout-0.1 (+0.0200 [+0.0100, +0.0300] in the screen, which flatters)."
    assert said in answer(report).advice
    known = dataclasses.replace(report, remedies=(promising, confirmed()[1]))
    assert "Most promising" not in answer(known).advice
    unsure = dataclasses.replace(promising, effect=effect(0.02, 0.03))
    assert "Most promising" not in answer(dataclasses.replace(report, remedies=(unsure,))).advice


def test_the_least_of_reports_claims_nothing() -> None:
    """No curve, no remedy, no holdout: no number is made up."""
    found = answer(minimal())
    assert (
        found.problem
        == "Cannot tell what is wrong, if anything: no remedy could be measured with an interval."
    )
    assert "nan" not in (found.problem + found.advice).lower()


def test_scores_that_have_no_zero_get_no_share() -> None:
    """Of accuracy a gain is in its own unit; of an error that may not be larger than the baseline's too."""
    report = _holdout(difference=0.02, low=0.01, high=0.03)
    assert report.holdout is not None
    scores = {"baseline": {"accuracy": 0.8}, "improved": {"accuracy": 0.82}}
    higher = dataclasses.replace(
        report,
        metric=Metric(name="accuracy", direction="maximize"),
        holdout=dataclasses.replace(report.holdout, **scores),
    )
    assert (
        "raises accuracy from 0.800 to 0.820 (+0.0200, 95 % interval +0.0100 to +0.0300)"
        in answer(higher).advice
    )


def test_the_unit_is_nats_only_for_log_loss() -> None:
    """The gap of a regression is in the loss of its own."""
    report = dataclasses.replace(regression(), verdict=Verdict.OVERFITTING)
    assert " of gap between" in answer(report).problem
    assert "nats" not in answer(report).problem


def test_without_findings_a_confirmed_remedy_tells_the_cause() -> None:
    """The cause is that of the remedy that helped, and is only likely; one of another verdict is none."""
    remedy = Remedy(
        name="dropout-0.3",
        settings={"dropout": 0.3},
        stage="confirmed",
        kept=True,
        effect=effect(0.02, 0.01, p_value=0.001),
    )
    chosen = dataclasses.replace(full().baseline, dropout=0.3)
    report = dataclasses.replace(full(), findings=(), remedies=(remedy,), chosen=chosen)
    assert "most likely because regularization is too weak" in answer(report).problem
    looked = dataclasses.replace(remedy, stage="screened", kept=False)
    only = dataclasses.replace(report, remedies=(looked,), chosen=full().baseline)
    assert ", apparently because regularization is too weak for" in answer(only).problem
    other = dataclasses.replace(report, verdict=Verdict.UNDERFITTING)
    assert "because" not in answer(other).problem


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_an_answer(verdict: Verdict) -> None:
    """Two sentences that end in a full stop, whatever the verdict."""
    for base in (full(), nothing_helped(), minimal()):
        found = answer(dataclasses.replace(base, verdict=verdict))
        assert found.problem.endswith(".")
        assert found.advice.endswith(".")


@pytest.mark.parametrize(
    ("name", "chosen", "words"),
    [
        ("dropout", "0", "no dropout"),
        ("patience", "0", "no early stopping"),
        ("depth", "-1", "1 hidden layer fewer"),
        ("depth", "+2", "2 hidden layers more"),
        ("l1", "1.99452e-6", "L1 1.99e-6"),
        ("temperature", "no", "no temperature"),
        ("input_scale", "yes", "input scale"),
        ("schedule", "cosine", "a cosine schedule"),
        ("schedule", "exponential", "an exponential schedule"),
        ("schedule", "one-cycle", "a one-cycle schedule"),
        ("activation", "own", "the network's own activation"),
        ("batch_size", "128", "batches of 128 rows"),
        ("adversarial", "0.1", "adversarial training with steps of 0.1"),
        ("adversarial", "0", "no adversarial training"),
    ],
)
def test_changes_are_words(name: str, chosen: str, words: str) -> None:
    """Each kind of setting is said as a person says it."""
    assert change_in_words(Change(name=name, baseline="", chosen=chosen, meaning="")) == words


def test_many_changes_are_counted() -> None:
    """Three are named, the others counted."""
    changed = tuple(Change(name=f"l{k}", baseline="0", chosen="0.1", meaning="") for k in range(1, 6))
    assert changes_in_words(changed) == "L1 0.1 with L2 0.1, l3 0.1 and 2 more changes"
    assert changes_in_words(changed[:4]) == "L1 0.1 with L2 0.1, l3 0.1 and l4 0.1"
