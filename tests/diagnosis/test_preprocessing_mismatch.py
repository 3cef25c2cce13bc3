"""Validation columns that come in other units than training columns."""

from __future__ import annotations

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN, examine_all, findings, range_fault
from wellfit.diagnosis.preprocessing_mismatch import CAUSE
from wellfit.records import Outcome

CAFFE, TF, TORCH, PIXELS = (-123.68, 151.061), (-1.0, 1.0), (-2.118, 2.64), (0.0, 255.0)


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


def ranges(expected: tuple[float, float], received: tuple[float, float], **more: object) -> dict[str, object]:
    """Return facts of pictures for a pretrained backbone, without validation rows of their own."""
    facts: dict[str, object] = {"mismatched_columns": None, "backbone": "VGG", "is_pretrained": True}
    return {**facts, "expected_range": expected, "received_range": received, **more}


@pytest.mark.parametrize(
    ("expected", "received", "looks_like"),
    [
        (CAFFE, (0.0, 1.0), "pixels from 0 to 1"),
        (CAFFE, (0.0, 255.0), "pixels from 0 to 255"),
        (TF, (0.0, 1.0), "pixels from 0 to 1"),
        (TF, (0.0, 255.0), "pixels from 0 to 255"),
        (TORCH, (-1.0, 1.0), "pixels from -1 to 1"),
        (PIXELS, (0.0, 1.0), "pixels from 0 to 1"),
        (PIXELS, (-1.0, 1.0), "pixels from -1 to 1"),
        (TF, (-40.0, 900.0), "another unit"),
    ],
)
def test_pictures_of_another_range_are_found(
    expected: tuple[float, float], received: tuple[float, float], looks_like: str
) -> None:
    """A pretrained backbone gets another range than it was trained on: both are told, and it leads."""
    evidence = samples.make_evidence(data=ranges(expected, received))
    ruling = CAUSE.examine(evidence)
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["expected"] == list(expected)
    assert ruling.evidence["received"] == list(received)
    assert ruling.evidence["looks_like"] == looks_like
    assert findings(examine_all(evidence))[0].code == CAUSE.code


@pytest.mark.parametrize(
    ("expected", "received"),
    [
        (CAFFE, CAFFE),
        (CAFFE, (-90.0, 120.0)),
        (TF, TF),
        (TF, (-0.6, 0.7)),
        (TORCH, (-2.1, 2.2)),
        (TORCH, (-1.6, 2.0)),
        (PIXELS, (12.0, 201.0)),
        (PIXELS, (90.0, 160.0)),
    ],
)
def test_pictures_of_the_right_range_are_silent(
    expected: tuple[float, float], received: tuple[float, float]
) -> None:
    """Also where they have neither black nor white."""
    ruling = CAUSE.examine(samples.make_evidence(data=ranges(expected, received)))
    assert ruling.outcome is Outcome.SILENT


def test_at_the_threshold_of_the_range() -> None:
    """A range is that of a convention up to a quarter of its span."""
    assert range_fault(TF, (-1.0, 0.5 * samples.ABOVE)) == ""
    assert range_fault(TF, (-0.5 * samples.BELOW, 1.0)) == ""
    assert range_fault(TF, (-0.25 * samples.BELOW, 1.0)) == "pixels from 0 to 1"


def test_a_new_backbone_learns_from_any_range() -> None:
    """Weights that were just drawn expect nothing."""
    ruling = CAUSE.examine(samples.make_evidence(data=ranges(TF, (0.0, 1.0), is_pretrained=False)))
    assert ruling.outcome is Outcome.SILENT
    assert "not pretrained" in ruling.reason


def test_columns_that_could_not_be_matched_are_silent() -> None:
    """A difference in units alone does not say that the loss suffers."""
    ruling = CAUSE.examine(samples.make_evidence(data={"mismatched_columns": ["age"], "matched_gains": None}))
    assert ruling.outcome is Outcome.SILENT
