"""Columns that are good for memorizing only."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN, examine_all, findings
from wellfit.diagnosis.rare_features import CAUSE
from wellfit.records import Outcome

(MASKED,) = (probe.name for probe in CAUSE.probes(samples.SITUATION))


def test_masking_that_helps_names_the_columns() -> None:
    """The loss falls without the columns: they are named."""
    evidence = samples.make_evidence(loss=0.7, gains={MASKED: (0.3, -0.1)}, data={"rare_columns": ["id"]})
    ruling = CAUSE.examine(evidence)
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["columns"] == ["id"]


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold(factor: float, outcome: Outcome) -> None:
    """The gain of masking decides."""
    evidence = samples.make_evidence(gains={MASKED: factor * MIN_GAIN})
    assert CAUSE.examine(evidence).outcome is outcome


def test_it_leads_regularization_that_gains_as_much() -> None:
    """Both mend the memorizing; only one says what is memorized."""
    evidence = samples.make_evidence(loss=0.8, gains={MASKED: (0.3, -0.1), "L2 0.01": (0.3, -0.1)})
    assert [one.code for one in findings(examine_all(evidence))] == [CAUSE.code, "weak-regularization"]


def test_regularization_alone_is_another_cause() -> None:
    """Where masking changes nothing, no particular columns are at fault."""
    evidence = samples.make_evidence(loss=0.8, gains={"L2 0.01": (0.3, -0.1)})
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_without_rare_columns_it_does_not_apply() -> None:
    """There is nothing to mask, and nothing is asked for."""
    situation = replace(samples.SITUATION, has_rare=False)
    assert CAUSE.examine(samples.make_evidence(situation=situation)).outcome is Outcome.NOT_APPLICABLE
    assert not CAUSE.probes(situation)


def test_columns_that_were_not_masked_leave_it_open() -> None:
    """Rare columns alone are no fault."""
    assert CAUSE.examine(samples.make_evidence(without=[MASKED])).outcome is Outcome.CANNOT_TELL
