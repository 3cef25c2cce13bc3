"""Regularization that holds the network down."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN, over_regularized
from wellfit.diagnosis.over_regularized import CAUSE
from wellfit.records import Outcome, Settings

NAMES = [probe.name for probe in CAUSE.probes(samples.SITUATION)]
PLAIN = replace(samples.NETWORK, penalty=0.0, dropout=0.0, weight_decay=0.0)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_turned_off_and_mends_both_losses_is_named(name: str) -> None:
    """Penalties, dropout, or both: which one is told."""
    ruling = CAUSE.examine(samples.make_evidence(loss=0.9, train_loss=0.9, gains={name: 0.5}))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["intervention"] == name


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_gain(factor: float, outcome: Outcome) -> None:
    """Turning it off must gain enough."""
    assert CAUSE.examine(samples.make_evidence(gains={NAMES[0]: factor * MIN_GAIN})).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_training_loss(factor: float, outcome: Outcome) -> None:
    """Training loss must fall as well."""
    gains = {NAMES[0]: (0.2, factor * MIN_GAIN / 2)}
    assert CAUSE.examine(samples.make_evidence(gains=gains)).outcome is outcome


def test_a_small_network_is_another_cause() -> None:
    """Where turning it off changes nothing, it is not what holds the network down."""
    evidence = samples.make_evidence(loss=0.9, train_loss=0.9, gains={"width x4": 0.5})
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_without_any_regularization_it_does_not_apply() -> None:
    """There is nothing to turn off."""
    situation = replace(samples.SITUATION, facts=PLAIN)
    assert not CAUSE.probes(situation)
    assert CAUSE.examine(samples.make_evidence(situation=situation)).outcome is Outcome.NOT_APPLICABLE


def test_each_kind_is_turned_off_alone() -> None:
    """Decay and label smoothing have experiments of their own; a usual decay has none."""
    decay = over_regularized._LARGE_DECAY
    smoothed = replace(samples.SITUATION, facts=PLAIN, settings=Settings(label_smoothing=0.2))
    assert [dict(probe.changes) for probe in CAUSE.probes(smoothed)] == [{"label_smoothing": 0.0}]
    for factor, networks in ((samples.BELOW, []), (samples.ABOVE, ["undecayed"])):
        facts = replace(PLAIN, weight_decay=factor * decay)
        asked = CAUSE.probes(replace(samples.SITUATION, facts=facts))
        assert [probe.network for probe in asked] == networks


def test_what_was_not_tried_stays_open() -> None:
    """Regularization alone is no fault."""
    assert CAUSE.examine(samples.make_evidence(without=NAMES)).outcome is Outcome.CANNOT_TELL
