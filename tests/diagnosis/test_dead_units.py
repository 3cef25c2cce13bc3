"""Units that pass nothing on."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN
from wellfit.diagnosis.dead_units import CAUSE, MIN_SHARE, MIN_START_GAIN, VANISHING, start_gain
from wellfit.records import Outcome

STANDARD, NORMALIZED = (probe.name for probe in CAUSE.probes(samples.SITUATION))
DEAD = {"dead_share": 1.0, "dead_layer": "hidden (start)"}


def test_dead_units_that_other_weights_revive_are_named() -> None:
    """A dead layer, and training that works from standard weights."""
    ruling = CAUSE.examine(samples.make_evidence(loss=0.9, gains={STANDARD: 0.6}, network=DEAD))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["layer"] == "hidden (start)"


@pytest.mark.parametrize("fact", ["dead_share", "saturated_share"])
@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_share(fact: str, factor: float, outcome: Outcome) -> None:
    """Some dead or saturated units are in any network; many are a cause if new weights help."""
    evidence = samples.make_evidence(
        loss=0.9, gains={STANDARD: 0.6}, network={"dead_share": 0.0, fact: factor * MIN_SHARE}
    )
    assert CAUSE.examine(evidence).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_gain(factor: float, outcome: Outcome) -> None:
    """New weights must gain enough."""
    evidence = samples.make_evidence(gains={STANDARD: factor * MIN_GAIN}, network=DEAD)
    assert CAUSE.examine(evidence).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_start(factor: float, outcome: Outcome) -> None:
    """Weights that the network came with and that train far worse than drawn ones are a cause."""
    evidence = samples.make_evidence(start_gain=factor * MIN_START_GAIN)
    assert start_gain(evidence) == pytest.approx(factor * MIN_START_GAIN)
    assert CAUSE.examine(evidence).outcome is outcome


def test_weights_that_come_trained_are_not_compared() -> None:
    """A network that was trained before starts where others do not."""
    evidence = samples.make_evidence(start_gain=2 * MIN_START_GAIN, network={"is_trained": True})
    assert start_gain(evidence) is None
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


@pytest.mark.parametrize(
    ("ratio", "outcome"),
    [
        (samples.ABOVE * VANISHING, Outcome.SILENT),
        (samples.BELOW * VANISHING, Outcome.FOUND),
        (samples.BELOW / VANISHING, Outcome.SILENT),
        (samples.ABOVE / VANISHING, Outcome.FOUND),
    ],
)
def test_at_the_threshold_of_the_gradient(ratio: float, outcome: Outcome) -> None:
    """A gradient that vanishes or explodes towards the inputs is a cause where normalization mends it."""
    told = {"gradient_ratio": ratio, "gradient_by_layer": {"first": ratio, "last": 1.0}}
    evidence = samples.make_evidence(loss=0.9, gains={NORMALIZED: 0.6}, network=told)
    ruling = CAUSE.examine(evidence)
    assert ruling.outcome is outcome
    assert ruling.evidence["gradient_ratio"] == ratio


def test_a_network_that_cannot_be_rebuilt_is_not_normalized() -> None:
    """There is no experiment where no layer can be put in."""
    fixed = replace(samples.SITUATION, can_deepen=False)
    assert [probe.name for probe in CAUSE.probes(fixed)] == [STANDARD]


def test_units_that_are_all_alike_count_as_dead() -> None:
    """Equal weights of all units are mended by drawing them."""
    evidence = samples.make_evidence(loss=0.9, gains={STANDARD: 0.6}, network={"symmetric": True})
    assert CAUSE.examine(evidence).outcome is Outcome.FOUND


def test_a_learning_rate_that_kills_units_is_another_cause() -> None:
    """Units that are dead while new weights die as well are not at fault themselves."""
    evidence = samples.make_evidence(loss=0.9, gains={"learning rate x0.1": 0.6}, network=DEAD)
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_living_units_are_silent_whatever_the_weights_gain() -> None:
    """A lucky draw alone is no dead unit."""
    assert CAUSE.examine(samples.make_evidence(loss=0.9, gains={STANDARD: 0.3})).outcome is Outcome.SILENT


def test_without_a_census_it_does_not_apply() -> None:
    """Without a census there is nothing to say."""
    assert (
        CAUSE.examine(samples.make_evidence(network={"dead_share": None})).outcome is Outcome.NOT_APPLICABLE
    )
