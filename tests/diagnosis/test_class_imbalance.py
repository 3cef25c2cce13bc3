"""A class so rare that the network passes it over."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import numpy as np
import pytest

from wellfit.diagnosis import BASELINE, Evidence
from wellfit.diagnosis.class_imbalance import CAUSE, MIN_CHANGE, MIN_IMBALANCE
from wellfit.records import Outcome

RARE = replace(samples.SITUATION, imbalance=3 * MIN_IMBALANCE)
(WEIGHTS,) = (probe.name for probe in CAUSE.probes(RARE))
ABOVE_MAJORITY = 0.5  # balanced accuracy of two classes beyond always predicting the larger one


def weighted(change: float, situation: object = RARE, **rest: object) -> Evidence:
    """Return evidence of class weights that raise balanced accuracy by a share of what lies above chance."""
    balanced = {BASELINE: 0.55, WEIGHTS: 0.55 + change * ABOVE_MAJORITY}
    return samples.make_evidence(situation=situation, balanced=balanced, **rest)


def test_weights_that_bring_the_rare_class_back_are_named() -> None:
    """Balanced accuracy rises by half of what it can: found, with both values."""
    ruling = CAUSE.examine(weighted(0.5))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["balanced_accuracy"] == pytest.approx(0.55)
    assert ruling.evidence["balanced_accuracy_with_weights"] == pytest.approx(0.8)


def test_fresh_trials_decide() -> None:
    """A confirmation is read where there is one."""
    assert CAUSE.examine(weighted(0.5, fresh={WEIGHTS: 0.0})).outcome is Outcome.FOUND
    evidence = weighted(0.5, fresh={WEIGHTS: 0.0})
    runs = replace(evidence.fresh[WEIGHTS], balanced=np.full(len(samples.FRESH_TRIALS), 0.55))
    evidence = replace(evidence, fresh={**evidence.fresh, WEIGHTS: runs})
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_change(factor: float, outcome: Outcome) -> None:
    """The rise of balanced accuracy decides."""
    assert CAUSE.examine(weighted(factor * MIN_CHANGE)).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_imbalance(factor: float, outcome: Outcome) -> None:
    """Classes of similar size are learned without weights."""
    situation = replace(RARE, imbalance=factor * MIN_IMBALANCE)
    assert CAUSE.examine(weighted(0.5, situation)).outcome is outcome


def test_a_rare_class_that_nothing_predicts_is_no_imbalance() -> None:
    """Where weights change nothing, the inputs do not tell the classes apart."""
    assert CAUSE.examine(weighted(0.0)).outcome is Outcome.SILENT


def test_regression_has_no_classes() -> None:
    """It does not apply, and asks for nothing."""
    assert CAUSE.examine(weighted(0.5, samples.REGRESSION)).outcome is Outcome.NOT_APPLICABLE
    assert not CAUSE.probes(replace(samples.REGRESSION, imbalance=100.0))


def test_weights_that_were_not_tried_leave_it_open() -> None:
    """Rarity alone is no fault."""
    assert CAUSE.examine(weighted(0.5, without=[WEIGHTS])).outcome is Outcome.CANNOT_TELL


def test_balanced_accuracy_that_is_unknown_leaves_it_open() -> None:
    """Without predictions nothing can be compared."""
    assert CAUSE.examine(samples.make_evidence(situation=RARE)).outcome is Outcome.CANNOT_TELL
