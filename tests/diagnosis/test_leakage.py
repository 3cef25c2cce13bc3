"""Copies across the split, and columns that give the target away."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import pytest

from wellfit.diagnosis.leakage import CAUSE, MIN_COLUMN, MIN_COPIES, MIN_LEAD
from wellfit.records import Outcome

COPIES = {"copies_share": 0.4, "loss_on_copies": 0.05, "loss_on_others": 0.6}
COLUMN = {"leak_column": "paid", "leak_score": 0.95, "leak_rest": 0.2}

both_sides = pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)


def test_copies_on_which_the_network_does_better_are_named() -> None:
    """Forty percent of the validation rows are training rows, and scores on them are too good."""
    ruling = CAUSE.examine(samples.make_evidence(data=COPIES))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.tier == 0
    assert ruling.evidence["copies_share"] == COPIES["copies_share"]


def test_a_column_that_is_the_target_is_named() -> None:
    """One column alone explains nearly everything, all others together little."""
    ruling = CAUSE.examine(samples.make_evidence(data=COLUMN))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["column"] == "paid"


def test_a_clean_split_is_silent() -> None:
    """No copies and no such column."""
    assert CAUSE.examine(samples.make_evidence()).outcome is Outcome.SILENT


@both_sides
def test_at_the_threshold_of_copies(factor: float, outcome: Outcome) -> None:
    """The share of copies beyond those among training rows decides."""
    within = 0.1
    data = {**COPIES, "copies_share": within + factor * MIN_COPIES, "copies_within_train": within}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is outcome


@both_sides
def test_at_the_threshold_of_the_column(factor: float, outcome: Outcome) -> None:
    """The column must explain enough."""
    data = {**COLUMN, "leak_score": factor * MIN_COLUMN, "leak_rest": 0.0}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is outcome


@both_sides
def test_at_the_threshold_of_the_lead(factor: float, outcome: Outcome) -> None:
    """It must explain much more than all others together."""
    data = {**COLUMN, "leak_rest": 0.95 - factor * MIN_LEAD}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is outcome


def test_an_easy_problem_is_no_leak() -> None:
    """A column that explains much is no leak where the others explain as much."""
    data = {**COLUMN, "leak_rest": 0.94}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is Outcome.SILENT


def test_copies_that_are_no_easier_do_no_harm() -> None:
    """Rows of few distinct values repeat by nature; scores are not better on them."""
    data = {**COPIES, "loss_on_copies": 0.7}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is Outcome.SILENT


def test_leaving_the_column_out_is_tried_where_there_is_one() -> None:
    """The experiment is asked for only with a suspect."""
    assert not CAUSE.probes(samples.SITUATION)
    asked = CAUSE.probes(replace(samples.SITUATION, has_leak=True))
    assert [probe.scale for probe in asked] == ["without-leak"]
