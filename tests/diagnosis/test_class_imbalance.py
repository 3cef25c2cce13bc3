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
WEIGHTS, BIAS = (probe.name for probe in CAUSE.probes(RARE))
ABOVE_MAJORITY = 0.5  # balanced accuracy of two classes beyond always predicting the larger one


def weighted(change: float, situation: object = RARE, bias: float = 0.0, **rest: object) -> Evidence:
    """Return evidence of weights and a bias that raise balanced accuracy by shares of what is possible."""
    changes = {BASELINE: 0.0, WEIGHTS: change, BIAS: bias}
    balanced = {name: 0.55 + value * ABOVE_MAJORITY for name, value in changes.items()}
    return samples.make_evidence(situation=situation, balanced=balanced, **rest)


def test_weights_that_bring_the_rare_class_back_are_named() -> None:
    """Balanced accuracy rises by half of what it can: found, with both values."""
    ruling = CAUSE.examine(weighted(0.5))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["balanced_accuracy"] == pytest.approx(0.55)
    assert ruling.evidence["balanced_accuracy_with_weights"] == pytest.approx(0.8)
    assert ruling.evidence["balanced_accuracy_with_bias"] == pytest.approx(0.55)
    assert ruling.evidence["intervention"] == WEIGHTS


def test_the_better_of_weights_and_bias_is_told() -> None:
    """Either can speak for the cause; a bias that does better is named with its gain."""
    ruling = CAUSE.examine(weighted(0.3, bias=0.5))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["intervention"] == BIAS
    assert ruling.evidence["gain"] == pytest.approx(0.5)
    assert CAUSE.examine(weighted(0.0, bias=0.5)).outcome is Outcome.FOUND
    assert CAUSE.examine(weighted(0.5, without=[BIAS])).evidence["intervention"] == WEIGHTS


def test_what_was_better_at_first_is_judged_on_fresh_trials() -> None:
    """The choice is made on the first look: a rise on fresh trials alone is not chosen for itself."""
    evidence = weighted(0.3, bias=0.5, fresh={WEIGHTS: 0.0, BIAS: 0.0})
    runs = replace(evidence.fresh[BIAS], balanced=np.full(len(samples.FRESH_TRIALS), 0.55))
    ruling = CAUSE.examine(replace(evidence, fresh={**evidence.fresh, BIAS: runs}))
    assert ruling.outcome is Outcome.SILENT
    assert ruling.evidence["intervention"] == BIAS


def test_the_bias_is_asked_for_where_there_is_one() -> None:
    """Not without an output bias, nor where balanced weights make all classes equal already."""
    assert [probe.start for probe in CAUSE.probes(RARE)] == ["drawn", "prior"]
    assert [probe.name for probe in CAUSE.probes(replace(RARE, can_bias=False))] == [WEIGHTS]
    balanced = replace(RARE, settings=replace(RARE.settings, class_weight="balanced"))
    assert [probe.name for probe in CAUSE.probes(balanced)] == [WEIGHTS]


@pytest.mark.parametrize(("factor", "count"), [(samples.BELOW, 0), (samples.ABOVE, 2)])
def test_at_the_threshold_of_asking(factor: float, count: int) -> None:
    """Both are tried from half of the imbalance that counts."""
    assert len(CAUSE.probes(replace(RARE, imbalance=factor * MIN_IMBALANCE / 2))) == count


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


def test_what_was_not_tried_leaves_it_open() -> None:
    """Rarity alone is no fault."""
    assert CAUSE.examine(weighted(0.5, without=[WEIGHTS, BIAS])).outcome is Outcome.CANNOT_TELL


def test_balanced_accuracy_that_is_unknown_leaves_it_open() -> None:
    """Without predictions nothing can be compared."""
    assert CAUSE.examine(samples.make_evidence(situation=RARE)).outcome is Outcome.CANNOT_TELL
