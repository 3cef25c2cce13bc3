"""Batch normalization whose moving averages are at fault."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN
from wellfit.diagnosis.batchnorm_mode import CAUSE
from wellfit.records import Outcome


def mended_by(gain: float) -> dict[str, object]:
    """Return facts of a network whose loss falls by `gain` with fresh statistics."""
    return {"loss_as_it_stands": [0.6] * 3, "loss_recalibrated": [0.6 - gain] * 3}


def test_recovering_without_training_is_found() -> None:
    """Fresh statistics that close half of the way are the cause, and the layer is named."""
    ruling = CAUSE.examine(samples.make_evidence(network=mended_by(0.5)))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["gain"] == pytest.approx(0.5)
    assert (ruling.evidence["layer"], ruling.evidence["momentum"]) == ("norm", 0.99)


def test_overfitting_is_not_mended_by_statistics() -> None:
    """A wide gap that fresh statistics leave open has another cause."""
    evidence = samples.make_evidence(loss=0.9, train_loss=0.05, network=mended_by(0.0))
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold(factor: float, outcome: Outcome) -> None:
    """The gain must be worth naming."""
    assert CAUSE.examine(samples.make_evidence(network=mended_by(factor * MIN_GAIN))).outcome is outcome


def test_without_batch_normalization_it_does_not_apply() -> None:
    """There are no statistics to replace."""
    situation = replace(samples.SITUATION, facts=replace(samples.NETWORK, batch_normalizations=()))
    ruling = CAUSE.examine(samples.make_evidence(situation=situation, network=mended_by(0.5)))
    assert ruling.outcome is Outcome.NOT_APPLICABLE


def test_unlisted_layers_leave_it_open() -> None:
    """A network whose statistics could not be replaced is one of which this cannot be told."""
    ruling = CAUSE.examine(samples.make_evidence(network={"loss_recalibrated": None}))
    assert ruling.outcome is Outcome.CANNOT_TELL


def test_runs_that_diverged_count_as_far_beyond_chance_and_no_further() -> None:
    """A loss of a million that is mended to chance gains a quarter, not a million."""
    network: dict[str, object] = {"loss_as_it_stands": [1e6] * 3, "loss_recalibrated": [samples.CHANCE] * 3}
    ruling = CAUSE.examine(samples.make_evidence(network=network))
    assert ruling.effect is not None
    assert 0 < ruling.effect.estimate < 1
