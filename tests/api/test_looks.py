"""Which experiments are made when."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples

from wellfit.api._looks import first_look, may_end_elsewhere, promising, second_look
from wellfit.diagnosis import BASELINE, Evidence, Probe, probes_for

PROBES = [Probe(name=BASELINE), *probes_for(samples.SITUATION)]
LATER = [p.name for p in PROBES if p.network != "own" or p.after or p.needs_gap]
CLOSE = {"loss": 0.05, "train_loss": 0.04}


def names(probes: list[Probe]) -> set[str]:
    """Return the names of probes."""
    return {probe.name for probe in probes}


def looked(**changes: object) -> tuple[set[str], dict[str, str]]:
    """Return what a second look on many rows asks for, and what it leaves out."""
    evidence: Evidence = samples.make_evidence(without=LATER, **changes)  # type: ignore[arg-type]
    asked, skipped = second_look(evidence, PROBES, can_repair=True)
    assert names(asked) | set(skipped) == set(LATER)
    return names(asked), skipped


def test_few_rows_are_looked_at_once() -> None:
    """All of the own network is trained together; other networks wait, since each must be compiled."""
    assert names(first_look(PROBES, is_small=True)) == {p.name for p in PROBES if p.network == "own"}


def test_many_rows_wait_for_a_reason() -> None:
    """Extreme learning rates and what closes a gap are not in the first look."""
    found = names(first_look(PROBES, is_small=False))
    assert found == {p.name for p in PROBES} - set(LATER)
    assert {BASELINE, "learning rate x0.1", "learning rate x10", "without dropout"} <= found
    assert not {"learning rate x0.001", "learning rate x1000", "L2 0.01", "width x0.5"} & found


def test_a_network_at_the_best_level_needs_no_second_look() -> None:
    """No gap, no room, no milder change that gains: nothing is trained, and each has its reason."""
    asked, skipped = looked(**CLOSE)
    assert not asked
    assert "close" in skipped["L2 0.01"]
    assert "room" in skipped["width x4"]
    assert "milder" in skipped["learning rate x1000"]


def test_a_gap_asks_for_what_closes_it() -> None:
    """Regularization, smaller networks and fewer rows are tried where there is a gap."""
    asked, _ = looked(loss=0.3, train_loss=0.04)
    assert {"L2 0.01", "width x0.5", "40% of the rows"} <= asked
    assert "learning rate x1000" not in asked


def test_a_milder_gain_asks_for_more_of_it() -> None:
    """A larger rate that gains is followed by still larger ones."""
    asked, _ = looked(**CLOSE, gains={"learning rate x10": 0.04})
    assert "learning rate x1000" in asked
    assert "learning rate x0.001" not in asked


def test_a_network_that_hardly_learns_gets_everything_but_regularization() -> None:
    """Extreme rates and larger networks are tried at once; nothing can close a gap that is not there."""
    asked, skipped = looked(loss=0.9, train_loss=0.9)
    assert {"learning rate x1000", "learning rate x0.001", "width x4", "one layer more"} <= asked
    assert set(skipped) >= {"L2 0.01", "width x0.5"}


def test_a_repaired_network_needs_a_network_that_trains() -> None:
    """Only then can the two be compared."""
    evidence = samples.make_evidence(without=LATER, faults=("the output is squashed twice",))
    for can_repair in (True, False):
        asked, _ = second_look(evidence, PROBES, can_repair=can_repair)
        assert ("repaired output and loss" in names(asked)) is can_repair


def test_confirmation_takes_the_best_of_each_cause_on_many_rows() -> None:
    """On few rows all that gained are repeated, the largest gain first."""
    gains = {"L2 0.01": 0.2, "L2 0.03": 0.3, "dropout 0.5": 0.25, "learning rate x3": 0.1, "width x0.5": 0.01}
    evidence = samples.make_evidence(gains=gains)
    assert promising(evidence, is_full=True) == ["L2 0.03", "dropout 0.5", "L2 0.01", "learning rate x3"]
    assert promising(evidence, is_full=False) == ["L2 0.03", "dropout 0.5", "learning rate x3"]


def test_nothing_to_confirm_without_another_end() -> None:
    """The network as it stands is trained again only where another epoch may be better."""
    assert may_end_elsewhere(samples.make_evidence()) == (False, False)
    assert may_end_elsewhere(samples.make_evidence(early_loss=0.1)) == (True, False)
    assert may_end_elsewhere(samples.make_evidence(later=0.2)) == (False, True)


def test_probes_that_close_a_gap_are_those_of_overfitting() -> None:
    """A probe that another family asks for as well does not wait for a gap."""
    by_name = {probe.name: probe for probe in PROBES}
    assert by_name["L2 0.01"].needs_gap
    assert not by_name["without dropout"].needs_gap
    assert replace(by_name["L2 0.01"], needs_gap=False) != by_name["L2 0.01"]
