"""Too few validation rows to tell good from bad."""

from __future__ import annotations

import evidence_samples as samples
import pytest

from wellfit.diagnosis.validation_too_small import CAUSE, MAX_HALF_WIDTH, MAX_ROWS
from wellfit.records import Outcome


def interval(factor: float) -> list[float]:
    """Return an interval of so many times the half width at which it is noted."""
    return [0.5 - factor * MAX_HALF_WIDTH, 0.5 + factor * MAX_HALF_WIDTH]


WIDE = interval(2)


def test_few_rows_with_a_wide_interval_are_named() -> None:
    """Half the rows and twice the width at which it is noted: found, behind everything else."""
    data = {"num_validation": MAX_ROWS // 2, "validation_interval": WIDE}
    ruling = CAUSE.examine(samples.make_evidence(data=data))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["half_width"] == pytest.approx(2 * MAX_HALF_WIDTH)
    assert ruling.score is not None
    assert ruling.score < MAX_HALF_WIDTH


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_width(factor: float, outcome: Outcome) -> None:
    """Half of the interval as a share of the scale decides."""
    data = {"num_validation": MAX_ROWS, "validation_interval": interval(factor)}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is outcome


@pytest.mark.parametrize(("rows", "outcome"), [(MAX_ROWS, Outcome.FOUND), (MAX_ROWS + 1, Outcome.SILENT)])
def test_at_the_threshold_of_the_rows(rows: int, outcome: Outcome) -> None:
    """With more rows than that a wide interval is the loss's own nature."""
    data = {"num_validation": rows, "validation_interval": WIDE}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is outcome


def test_few_rows_that_agree_are_enough() -> None:
    """A narrow interval is one, whatever the number of rows."""
    data = {"num_validation": MAX_ROWS // 2, "validation_interval": interval(0.01)}
    assert CAUSE.examine(samples.make_evidence(data=data)).outcome is Outcome.SILENT


def test_losses_that_were_not_measured_leave_it_open() -> None:
    """Without losses row by row there is no interval."""
    ruling = CAUSE.examine(samples.make_evidence(data={"validation_interval": None}))
    assert ruling.outcome is Outcome.CANNOT_TELL
