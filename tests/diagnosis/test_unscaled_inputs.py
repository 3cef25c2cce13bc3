"""Inputs or targets in units that training is not made for."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN, examine_all, findings
from wellfit.diagnosis.unscaled_inputs import CAUSE, MIN_SPREAD
from wellfit.records import Outcome

OFF = {"input_scale": 100 * MIN_SPREAD, "input_scale_column": "income"}
INPUTS = "standardized inputs"


def test_standardizing_that_helps_names_the_column() -> None:
    """Units are off and scaling alone mends the loss."""
    ruling = CAUSE.examine(samples.make_evidence(loss=0.9, gains={INPUTS: 0.6}, data=OFF))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["column"] == "income"


def test_a_target_in_other_units_is_named() -> None:
    """In regression the target may be what is off."""
    ruling = CAUSE.examine(
        samples.make_evidence(
            situation=samples.REGRESSION,
            loss=0.9,
            gains={"standardized target": 0.6},
            data={"target_scale": 100 * MIN_SPREAD},
        )
    )
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["intervention"] == "standardized target"


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_gain(factor: float, outcome: Outcome) -> None:
    """Scaling must gain enough."""
    evidence = samples.make_evidence(gains={INPUTS: factor * MIN_GAIN}, data=OFF)
    assert CAUSE.examine(evidence).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_spread(factor: float, outcome: Outcome) -> None:
    """Columns near mean 0 and deviation 1 are not unscaled, whatever standardizing does."""
    evidence = samples.make_evidence(loss=0.9, gains={INPUTS: 0.6}, data={"input_scale": factor * MIN_SPREAD})
    assert CAUSE.examine(evidence).outcome is outcome


def test_it_leads_a_smaller_learning_rate_that_gains_as_much() -> None:
    """For these inputs every rate is too high: scaling comes first."""
    evidence = samples.make_evidence(loss=0.9, gains={INPUTS: 0.5, "learning rate x0.1": 0.5}, data=OFF)
    codes = [one.code for one in findings(examine_all(evidence))]
    assert codes == [CAUSE.code, "learning-rate-too-high"]


def test_a_learning_rate_alone_is_another_cause() -> None:
    """Where scaling changes nothing, the units do no harm."""
    evidence = samples.make_evidence(loss=0.9, gains={"learning rate x0.1": 0.5}, data=OFF)
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_scaled_inputs_do_not_apply() -> None:
    """A classification whose inputs are scaled already asks for nothing."""
    situation = replace(samples.SITUATION, is_raw=False)
    ruling = CAUSE.examine(samples.make_evidence(situation=situation, data=OFF))
    assert ruling.outcome is Outcome.NOT_APPLICABLE


def test_scaling_that_was_not_tried_leaves_it_open() -> None:
    """Units that are off alone are no proof."""
    evidence = samples.make_evidence(without=[INPUTS], data=OFF)
    assert CAUSE.examine(evidence).outcome is Outcome.CANNOT_TELL
