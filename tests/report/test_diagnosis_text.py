"""A diagnosis in a terminal."""

from __future__ import annotations

import dataclasses
import doctest
from collections.abc import Callable

import numpy as np
import pytest
from diagnosis_samples import (
    SAMPLES,
    healthy,
    history,
    hostile,
    minimal,
    overfitting,
    share,
    stuck,
    unmeasured,
)

from wellfit.records import Diagnosis, Effect, Examined, Finding, Outcome, SettingsError, Verdict
from wellfit.report import _causes, _diagnosis_text, _diagnosis_words, diagnosis_html, diagnosis_text
from wellfit.report._diagnosis_words import effect_sentence, evidence, measured, percent, share_interval
from wellfit.report._words import cell_width


@pytest.mark.parametrize("width", [30, 40, 60, 80, 120])
@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_no_line_is_wider_than_asked(make: Callable[[], Diagnosis], width: int) -> None:
    """Plain lines within the width, whatever the names and numbers."""
    text = diagnosis_text(make(), width)
    assert max(cell_width(line) for line in text.splitlines()) <= width
    assert all(char == "\n" or char.isprintable() for char in text)
    assert not any(line.endswith(" ") for line in text.splitlines())


@pytest.mark.parametrize("make", [overfitting, stuck, healthy, history, unmeasured, minimal])
def test_it_stays_short(make: Callable[[], Diagnosis]) -> None:
    """Two causes and everything else fit into 64 lines of 80 columns."""
    assert len(diagnosis_text(make(), 80).splitlines()) <= 64


def test_order_of_what_matters() -> None:
    """Verdict, causes with what supports them, what else was examined, unknowns, numbers, notes, effort."""
    text = diagnosis_text(overfitting())
    parts = (
        "OVERFITTING (confidence 91 %). The network overfits",
        "Cause 1 of 2: too-few-rows (more rows would help), confidence 91 %",
        "Experiment  The same network was trained",
        "rows for half the gap",
        "+31 % of the possible improvement (95 % interval +22 % to +40 %",
        "What to do  1. collect more rows",
        "2. until then",
        "wellfit explain too-few-rows (docs/causes/too-few-rows.md)",
        "Cause 2 of 2: trained-too-long",
        "How to read an effect",
        "Not found",
        "Not applicable  batchnorm-mode: the network has no batch normalization",
        "Cannot tell     label-noise: the interval holds zero",
        "what would decide it",
        "Chance             0.693",
        "82 % of the way from chance",
        "Column 'customer_id'",
        "96 networks trained; 11.3 s in all.",
        "To repeat: wellfit diagnose telco.csv",
    )
    places = [text.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)


def test_partial_comes_first() -> None:
    """The reader learns first that the diagnosis was cut short."""
    assert diagnosis_text(unmeasured()).startswith("PARTIAL RESULT: stopped by a signal")


def test_causes_of_an_undecided_diagnosis_are_possible_ones() -> None:
    """What does not exceed noise is not called a cause."""
    text = diagnosis_text(dataclasses.replace(overfitting(), verdict=Verdict.INCONCLUSIVE))
    assert "Possible cause 1 of 2: too-few-rows" in text
    assert "Possible" not in diagnosis_text(overfitting())


def test_no_confidence_is_claimed_where_no_verdict_was_reached() -> None:
    """Neither in the text nor on the page; of a verdict it is told on both."""
    undecided = dataclasses.replace(overfitting(), verdict=Verdict.INCONCLUSIVE, findings=())
    assert diagnosis_text(undecided).startswith("CANNOT TELL")
    assert "(confidence" not in diagnosis_text(undecided)
    assert "<dt>Confidence</dt>" not in diagnosis_html(undecided)
    assert "<dt>Confidence</dt>" in diagnosis_html(overfitting())


def test_epochs_and_counts_are_whole_numbers() -> None:
    """Also where they come as floats; other numbers keep their digits."""
    numbers = {"best_epoch": 22.0, "num_epochs": 60.0, "rise": 2.0}
    finding = Finding(code="trained-too-long", confidence=0.9, evidence=numbers)
    assert dict(evidence(finding)) == {"best epoch": "22", "epochs": "60", "rise": "2.00"}


def test_the_verdict_is_not_said_twice() -> None:
    """A line that begins with the verdict goes on from the heading."""
    line = "Overfitting: too-few-rows; mending it gains 31%"
    text = diagnosis_text(dataclasses.replace(overfitting(), verdict_line=line))
    assert text.startswith("OVERFITTING (confidence 91 %): too-few-rows; mending it")


def test_undecided_causes_are_not_unknown_again() -> None:
    """What an undecided cause says already is not repeated among the unknowns."""
    said = "label-noise: the interval holds zero; 4 more pairs of seeds would decide it"
    other = "whether rows come from one place"
    text = diagnosis_text(dataclasses.replace(healthy(), unknown=(said, other)))
    assert text.count("label-noise") == 1
    assert other in text
    assert "What cannot be known" not in diagnosis_text(dataclasses.replace(healthy(), unknown=(said,)))


def test_references_and_counts_have_their_labels() -> None:
    """Numbers of references, epochs and penalties read as words, whole numbers as such."""
    numbers = {"reference_linear model": 0.5, "epochs": 60.0, "penalty": 0.01, "domain_auc": 0.7}
    rows = measured(dataclasses.replace(minimal(), numbers=numbers))
    assert [(row.label, row.value) for row in rows] == [
        ("Weight penalty", "0.0100"),
        ("Epochs", "60"),
        ("Reference: linear model", "0.500"),
        ("Domain AUC", "0.700"),
    ]


def test_what_a_verdict_on_curves_is_computed_from_is_left_to_the_page() -> None:
    """The terminal has the losses and the gap; noise, slopes and probabilities are counted."""
    numbers = {
        "gap": 0.48,
        "noise_train_loss": 0.001,
        "late_fall_train_loss": 0.01,
        "probability_healthy": 0.1,
    }
    text = diagnosis_text(dataclasses.replace(minimal(), numbers=numbers))
    assert "validation loss less training loss" in text
    assert "3 more are in the page and in the JSON." in text
    assert "oise" not in text


def test_the_best_epoch_is_one_of_those_that_were_trained() -> None:
    """It may lie beyond the epochs of the network as it stands, which is trained for longer."""
    numbers = {"best_epoch": 53.0, "epochs": 30.0, "epochs_trained": 90.0}
    rows = measured(dataclasses.replace(minimal(), numbers=numbers))
    assert [(row.label, row.value) for row in rows] == [
        ("Best epoch (of 90 trained)", "53"),
        ("Epochs", "30"),
        ("Epochs trained", "90"),
    ]


def test_time_in_all() -> None:
    """The total is not added to its parts."""
    text = diagnosis_text(dataclasses.replace(stuck(), timing={"compile_s": 3.0, "total_s": 7.0}))
    assert "12 networks trained; 7.00 s in all." in text


def test_a_healthy_diagnosis_names_no_cause() -> None:
    """Nothing found: no cause, no effect, but all that was looked at."""
    text = diagnosis_text(healthy())
    assert text.startswith("HEALTHY (confidence 83 %).")
    assert "Cause" not in text
    assert "no-signal" in text


def test_many_reasons_are_left_to_the_page() -> None:
    """Causes that do not apply for more than four reasons are listed without them."""
    many = tuple(
        Examined(code=f"cause-{place}", outcome=Outcome.NOT_APPLICABLE, reason=f"reason {place}")
        for place in range(5)
    )
    text = diagnosis_text(dataclasses.replace(healthy(), examined=many))
    assert "cause-0, cause-1, cause-2, cause-3, cause-4" in text
    assert "reason 3" not in text
    assert "reason 3" in diagnosis_text(dataclasses.replace(healthy(), examined=many[1:]))


def test_too_narrow_is_refused() -> None:
    """Below 30 columns there is no honest layout."""
    with pytest.raises(SettingsError, match="at least 30"):
        diagnosis_text(overfitting(), 29)


def test_effects_are_shares() -> None:
    """Percent of the possible improvement, one decimal where the interval is that narrow."""
    assert share_interval(share(0.31, 0.09)) == ("+31 %", "+22 %", "+40 %")
    assert share_interval(share(0.0123, 0.004)) == ("+1.2 %", "+0.8 %", "+1.6 %")
    assert share_interval(share(-1.04, 0.11)) == ("-104 %", "-115 %", "-93 %")
    assert share_interval(share(-0.001, 0.04)) == ("0 %", "-4 %", "+4 %")
    nan = float("nan")
    nothing = Effect(estimate=nan, low=nan, high=nan, p_value=nan, unit="share", num_pairs=0)
    assert effect_sentence(nothing) == "could not be measured"
    assert effect_sentence(None).startswith("not tried")
    assert "1 pair of runs" in effect_sentence(dataclasses.replace(share(0.1, 0.1), num_pairs=1))


def test_certainty_is_not_rounded_up() -> None:
    """Only 1 itself is 100 %."""
    assert [percent(value) for value in (0.994, 0.9951, 1.0)] == ["99 %", "over 99 %", "100 %"]


def test_evidence_is_text_of_any_kind() -> None:
    """Arrays, nested names and long lists become short text."""
    values = {"a_b": np.arange(8), "auc": np.float32(0.61234), "by_layer": {"dense": 0.5}, "n": 12345}
    finding = dataclasses.replace(stuck().findings[0], evidence=values)
    assert evidence(finding) == (
        ("a b", "0, 1, 2, 3, 4, 5 and 2 more"),
        ("AUC", "0.612"),
        ("by layer", "dense 0.500"),
        ("n", "12,345"),
    )


def test_evidence_does_not_repeat_the_effect() -> None:
    """The gain and its interval stand in the effect already; without an effect they are told."""
    values = {"gain": 0.3, "gain_low": 0.2, "gain_high": 0.4, "width": 0.5}
    finding = dataclasses.replace(overfitting().findings[0], evidence=values)
    assert evidence(finding) == (("width", "0.500"),)
    assert len(evidence(dataclasses.replace(finding, effect=None))) == 4


def test_an_experiment_begins_with_a_capital() -> None:
    """A phrase reads as a line of its own."""
    finding = dataclasses.replace(stuck().findings[0], experiment="more L1, one at a time")
    text = diagnosis_text(dataclasses.replace(stuck(), findings=(finding,)))
    assert "Experiment  More L1, one at a time" in text


def test_place_between_chance_and_reference() -> None:
    """Losses say where they lie; without a scale they say nothing."""

    def notes(train: float, validation: float, best: float) -> list[str]:
        numbers = {"train_loss": train, "validation_loss": validation, "chance": 1.0, "best_reference": best}
        return [
            row.note
            for row in measured(dataclasses.replace(minimal(), numbers=numbers))
            if row.label.endswith("loss")
        ]

    assert notes(0.4, 0.75, 0.5) == [
        "better than the best reference",
        "50 % of the way from chance to the best reference",
    ]
    assert notes(1.5, float("inf"), 0.5) == ["worse than chance", ""]
    assert notes(0.9, 0.9, 1.0) == ["", ""]


def test_hostile_names_do_not_reach_the_terminal() -> None:
    """Control and direction characters are gone from names, reasons, remedies and the command."""
    assert not set(diagnosis_text(hostile())) & {"\x00", "\t", "\u202e"}


@pytest.mark.parametrize("module", [_causes, _diagnosis_text, _diagnosis_words])
def test_examples(module) -> None:
    """Every example gives what it shows."""
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
