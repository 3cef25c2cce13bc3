"""Penalties that make a reported loss look worse than the data loss is."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import numpy as np
import pytest

from wellfit.diagnosis import MIN_GAIN
from wellfit.diagnosis.penalty_in_loss import CAUSE, MIN_SHARE
from wellfit.records import Outcome


def test_a_large_penalty_is_named() -> None:
    """A penalty as large as all there is to gain is found, with what was reported and what is true."""
    ruling = CAUSE.examine(samples.make_evidence(penalty=1.0))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.effect is not None
    assert ruling.effect.estimate == pytest.approx(1.0)
    assert ruling.evidence["validation_data_loss"] == pytest.approx(samples.LOSS)
    assert ruling.evidence["reported_validation_loss"] == pytest.approx(samples.LOSS + 1.0)


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold(factor: float, outcome: Outcome) -> None:
    """The share of the penalty decides."""
    assert CAUSE.examine(samples.make_evidence(penalty=factor * MIN_SHARE)).outcome is outcome


def test_without_penalties_it_does_not_apply() -> None:
    """A network that declares none has none in its loss."""
    facts = replace(samples.NETWORK, penalty=0.0)
    situation = replace(samples.SITUATION, facts=facts)
    ruling = CAUSE.examine(samples.make_evidence(situation=situation, penalty=1.0))
    assert ruling.outcome is Outcome.NOT_APPLICABLE


def test_a_penalty_that_holds_the_data_loss_up_is_over_regularization() -> None:
    """Where the data loss falls without the penalty, the penalty is no mere misreading."""
    evidence = samples.make_evidence(penalty=1.0, loss=0.8, gains={"without penalties": 5 * MIN_GAIN})
    ruling = CAUSE.examine(evidence)
    assert ruling.outcome is Outcome.SILENT
    assert "over-regularized" in ruling.reason


def test_a_diverged_network_says_nothing_of_its_penalty() -> None:
    """Penalties that are not finite are no share of anything."""
    broken = samples.with_runs(samples.make_evidence(), penalty=lambda values: np.full_like(values, np.nan))
    assert CAUSE.examine(broken).outcome is Outcome.SILENT
