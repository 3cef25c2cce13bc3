"""Validation columns that come in other units than training columns."""

from __future__ import annotations

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN, examine_all, findings
from wellfit.diagnosis.preprocessing_mismatch import CAUSE
from wellfit.records import Outcome


def mended_by(gain: float) -> dict[str, object]:
    """Return facts of rows of which two columns differ, and matching them gains that much."""
    return {"mismatched_columns": ["age", "income"], "matched_gains": [gain] * 3}


def test_columns_in_other_units_are_named() -> None:
    """Matching the moments brings the loss back: the columns are named and the finding leads."""
    evidence = samples.make_evidence(data=mended_by(0.4), loss=0.8, gains={"L2 0.01": (0.6, -0.1)})
    ruling = CAUSE.examine(evidence)
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["columns"] == ["age", "income"]
    assert findings(examine_all(evidence))[0].code == CAUSE.code


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold(factor: float, outcome: Outcome) -> None:
    """The gain of matching must be worth naming."""
    assert CAUSE.examine(samples.make_evidence(data=mended_by(factor * MIN_GAIN))).outcome is outcome


def test_like_columns_are_silent() -> None:
    """Without a column that differs there is nothing to match."""
    assert CAUSE.examine(samples.make_evidence()).outcome is Outcome.SILENT


def test_other_rows_are_a_shift_and_no_mismatch() -> None:
    """Columns that differ while matching them changes nothing hold other rows, not other units."""
    data = {**mended_by(0.0), "shift_auc": 0.9, "shift_auc_low": 0.85}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is Outcome.SILENT


def test_drawn_validation_rows_do_not_apply() -> None:
    """Rows that were split here came through one preparation."""
    ruling = CAUSE.examine(samples.make_evidence(data={"mismatched_columns": None}))
    assert ruling.outcome is Outcome.NOT_APPLICABLE


def test_columns_that_could_not_be_matched_are_silent() -> None:
    """A difference in units alone does not say that the loss suffers."""
    ruling = CAUSE.examine(samples.make_evidence(data={"mismatched_columns": ["age"], "matched_gains": None}))
    assert ruling.outcome is Outcome.SILENT
