"""Copies across the split, and columns that give the target away."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import pytest

from wellfit.diagnosis.leakage import (
    CAUSE,
    MIN_COLLAPSE,
    MIN_COLLAPSE_Z,
    MIN_COLUMN,
    MIN_COPIES,
    MIN_EASIER_Z,
    MIN_GIVEN_SHARED,
    MIN_LEAD,
    MIN_SHARED,
    collapse,
)
from wellfit.records import Outcome

COPIES = {"copies_share": 0.4, "loss_on_copies": 0.05, "loss_on_others": 0.6}
COLUMN = {"leak_column": "paid", "leak_score": 0.95, "leak_rest": 0.2}
GROUPS = {
    "group_column": "patient",
    "num_groups": 40,
    "shared_groups": 0.9,
    "loss_random_split": 0.3,
    "loss_group_split": 1.2,
    "chance_random_split": 1.0,
    "chance_group_split": 1.1,
    "group_split_z": 8.0,
}

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
    """It must explain much of what all others together leave unexplained."""
    data = {**COLUMN, "leak_score": 0.8 + factor * MIN_LEAD * 0.2, "leak_rest": 0.8}
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


def test_groups_on_both_sides_without_which_scores_collapse_are_named() -> None:
    """Rows of one patient are alike: what was learned of patients is worth nothing on new ones."""
    ruling = CAUSE.examine(samples.make_evidence(data=GROUPS))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.tier == 0
    assert ruling.evidence["group_column"] == "patient"
    told = ("shared_groups", "loss_random_split", "loss_group_split")
    assert {name: ruling.evidence[name] for name in told} == {name: GROUPS[name] for name in told}
    assert ruling.evidence["gain_lost"] == pytest.approx(0.7)


@both_sides
def test_at_the_threshold_of_the_collapse(factor: float, outcome: Outcome) -> None:
    """The gain that is lost decides; an ordinary number loses next to nothing."""
    loss = GROUPS["chance_group_split"] - (0.7 - factor * MIN_COLLAPSE)
    data = {**GROUPS, "loss_group_split": loss}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is outcome


@both_sides
def test_at_the_threshold_of_the_shared_groups(factor: float, outcome: Outcome) -> None:
    """A split that keeps nearly all groups whole has no such leak."""
    data = {**GROUPS, "shared_groups": factor * MIN_SHARED}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is outcome


@both_sides
def test_at_the_threshold_of_certainty(factor: float, outcome: Outcome) -> None:
    """A few groups differ by luck."""
    data = {**GROUPS, "group_split_z": factor * MIN_COLLAPSE_Z}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is outcome


def test_losses_are_read_against_chance_on_their_folds() -> None:
    """Folds of groups differ in their class shares; worse than chance counts as chance."""
    harder = {**GROUPS, "loss_group_split": 0.6, "chance_group_split": 1.3}
    assert collapse(samples.make_evidence(data=harder)) == pytest.approx(0.0)
    worse = {**GROUPS, "loss_group_split": 9.0}
    assert collapse(samples.make_evidence(data=worse)) == pytest.approx(0.7)
    assert collapse(samples.make_evidence()) == 0.0


def test_groups_are_told_in_any_unit_of_the_loss() -> None:
    """Losses a thousand times as large give the same share."""
    assert collapse(samples.make_evidence(data=GROUPS, unit=1000.0)) == pytest.approx(0.7)


NAMED = {
    "group_column": "patient",
    "num_groups": 40,
    "shared_groups": 0.3,
    "loss_on_shared_groups": 0.2,
    "loss_on_new_groups": 0.6,
    "shared_groups_z": 5.0,
}


def test_named_groups_on_both_sides_that_are_easier_are_told() -> None:
    """A small share is enough where the groups were named; the numbers are those of the network."""
    ruling = CAUSE.examine(samples.make_evidence(data=NAMED))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.tier == 0
    assert ruling.evidence["shared_groups"] == 0.3
    assert ruling.evidence["loss_on_shared_groups"] < ruling.evidence["loss_on_new_groups"]
    assert "loss_group_split" not in ruling.evidence


@both_sides
def test_at_the_threshold_of_named_groups(factor: float, outcome: Outcome) -> None:
    """A few rows of known groups flatter no score."""
    data = {**NAMED, "shared_groups": factor * MIN_GIVEN_SHARED}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is outcome


@pytest.mark.parametrize(
    ("z", "outcome"), [(0.5, Outcome.FOUND), (0.0, Outcome.SILENT), (-1.0, Outcome.SILENT)]
)
def test_scores_that_collapse_must_agree_with_the_network(z: float, outcome: Outcome) -> None:
    """Where the network does no better on shared groups, it gained nothing by them."""
    data = {**GROUPS, **NAMED, "shared_groups_z": z}
    ruling = CAUSE.examine(samples.make_evidence(data=data))
    assert ruling.outcome is outcome
    assert ("gain_lost" in ruling.evidence) == (outcome is Outcome.FOUND)


def test_no_more_is_lost_than_there_was() -> None:
    """With groups kept whole nothing may be left to gain: what random splits promise is the measure."""
    easy = {**GROUPS, "loss_random_split": -4.0}
    assert collapse(samples.make_evidence(data=easy)) == pytest.approx(1.0)


@both_sides
def test_at_the_threshold_of_easier_groups(factor: float, outcome: Outcome) -> None:
    """Groups on both sides that the network finds no easier do no harm."""
    data = {**NAMED, "shared_groups_z": factor * MIN_EASIER_Z}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is outcome
