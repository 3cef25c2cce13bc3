"""Steps that are too large."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import numpy as np
import pytest

from wellfit.diagnosis import BASELINE, MIN_GAIN, learning_rate_too_high
from wellfit.diagnosis.learning_rate_too_high import CAUSE, CLIP_NORM, FACTORS, WARMUP
from wellfit.records import Outcome

NAMES = [probe.name for probe in CAUSE.probes(samples.SITUATION)]
TENTH = "learning rate x0.1"


def test_a_smaller_rate_that_mends_both_losses_is_named() -> None:
    """The rate and the intervention are told."""
    ruling = CAUSE.examine(samples.make_evidence(loss=0.9, train_loss=0.8, gains={TENTH: (0.5, 0.5)}))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["intervention"] == TENTH
    assert ruling.evidence["learning_rate"] == samples.SITUATION.settings.learning_rate


def test_a_diverged_network_is_named() -> None:
    """Losses that are NaN count as far beyond chance, and the share of such runs is told."""
    evidence = samples.make_evidence(gains=dict.fromkeys(NAMES, 0.0))
    base = evidence.runs[BASELINE]
    lost = np.full_like(base.train_loss, np.nan)
    evidence = replace(
        evidence, runs={**evidence.runs, BASELINE: replace(base, train_loss=lost, validation_loss=lost)}
    )
    ruling = CAUSE.examine(evidence)
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["diverged_share"] == 1.0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_gain(name: str, factor: float, outcome: Outcome) -> None:
    """Any of the smaller rates may gain enough."""
    assert CAUSE.examine(samples.make_evidence(gains={name: factor * MIN_GAIN})).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.FOUND), (samples.ABOVE, Outcome.SILENT)]
)
def test_at_the_threshold_of_the_training_loss(factor: float, outcome: Outcome) -> None:
    """A training loss that rises says that the smaller rate only ended earlier on the way."""
    gains = {TENTH: (0.2, factor * learning_rate_too_high._SAME)}
    assert CAUSE.examine(samples.make_evidence(gains=gains)).outcome is outcome


def test_training_too_long_is_another_cause() -> None:
    """Smaller rates that help by learning the training rows less are no proof."""
    evidence = samples.make_evidence(
        loss=0.8, train_loss=0.05, early_loss=0.4, gains=dict.fromkeys(NAMES, (0.3, -0.3))
    )
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_a_gain_that_is_not_confirmed_is_none() -> None:
    """Fresh trials decide over the first look."""
    evidence = samples.make_evidence(gains={TENTH: 0.2}, fresh={TENTH: 0.0})
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_rates_that_were_not_tried_leave_it_open() -> None:
    """Without any of the experiments nothing can be said."""
    assert CAUSE.examine(samples.make_evidence(without=NAMES)).outcome is Outcome.CANNOT_TELL


def test_only_smaller_or_gentler_steps_are_tried() -> None:
    """Each factor is below one and applied to the network's own rate; who clips already is left alone."""
    own = samples.SITUATION.settings.learning_rate
    assert max(FACTORS) < 1
    changes = [probe.changes for probe in CAUSE.probes(samples.SITUATION)]
    assert changes == [
        *({"learning_rate": own * factor} for factor in FACTORS),
        {"warmup": WARMUP},
        {"clip_norm": CLIP_NORM},
    ]
    clips = replace(samples.SITUATION, facts=replace(samples.NETWORK, clips=True))
    assert [probe.changes for probe in CAUSE.probes(clips)] == changes[:-1]
