"""Learning curves over rows that still fall at all rows."""

from __future__ import annotations

import evidence_samples as samples
import numpy as np
import pytest

from wellfit.diagnosis import Evidence
from wellfit.diagnosis.too_few_rows import CAUSE, MIN_GAP, MIN_PROMISE, SHARES, WIDE_GAP, promise
from wellfit.records import Outcome

NAMES = [probe.name for probe in CAUSE.probes(samples.SITUATION)]
LOSS, EXPONENT = 0.5, 0.5


def promising(gain: float, gap: float = 0.5 * (MIN_GAP + WIDE_GAP), **rest: object) -> Evidence:
    """Return evidence of a learning curve whose fit promises that gain for twice the rows."""
    slope = gain / (1 - 2.0**-EXPONENT)
    gains = {name: (-slope * (share**-EXPONENT - 1), 0.0) for name, share in zip(NAMES, SHARES, strict=True)}
    return samples.make_evidence(loss=LOSS, train_loss=LOSS - gap, gains=gains, **rest)


def test_a_curve_that_falls_on_is_named() -> None:
    """Twice the rows promise a lot, and the gap is open."""
    ruling = CAUSE.examine(promising(1.5 * MIN_PROMISE))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["gain_at_twice_the_rows"] == pytest.approx(1.5 * MIN_PROMISE, rel=1e-3)


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_promise(factor: float, outcome: Outcome) -> None:
    """What the fit promises decides."""
    assert CAUSE.examine(promising(factor * MIN_PROMISE)).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_gap(factor: float, outcome: Outcome) -> None:
    """Validation loss must lie above training loss."""
    assert CAUSE.examine(promising(3 * MIN_PROMISE, factor * MIN_GAP)).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_a_gap_that_nothing_closes(factor: float, outcome: Outcome) -> None:
    """A wide gap that more rows have narrowed: found, behind everything else."""
    ruling = CAUSE.examine(promising(0.9 * MIN_PROMISE, factor * WIDE_GAP))
    assert ruling.outcome is outcome
    if outcome is Outcome.FOUND:
        assert ruling.tier > CAUSE.examine(promising(3 * MIN_PROMISE)).tier


def test_a_wide_gap_that_rows_did_not_narrow_is_silent() -> None:
    """Where a fifth of the rows does as well, more of them are no remedy."""
    assert CAUSE.examine(promising(0.02 * MIN_PROMISE, 2 * WIDE_GAP)).outcome is Outcome.SILENT


def test_a_network_far_beyond_chance_does_not_lack_rows() -> None:
    """Losses that fall from far to less far beyond chance are all alike."""
    evidence = samples.make_evidence(
        loss=40.0, train_loss=35.0, gains=dict.fromkeys(NAMES, (-5.0, 0.0)), chance=1.0
    )
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_weak_regularization_is_another_cause() -> None:
    """A gap that the number of rows does not change is not for more rows to close."""
    evidence = samples.make_evidence(loss=0.8, train_loss=0.1, gains={"L2 0.01": (0.4, -0.2)})
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_trials_that_disagree_prove_nothing() -> None:
    """A curve that is lost in the spread over trials is no promise."""
    evidence = promising(1.2 * MIN_PROMISE, spread=0.6)
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_a_curve_of_one_point_stays_open() -> None:
    """A power law needs more than that."""
    evidence = promising(3 * MIN_PROMISE, without=NAMES[1:])
    assert CAUSE.examine(evidence).outcome is Outcome.CANNOT_TELL


@pytest.mark.parametrize("exponent", [0.25, 0.5, 1.0])
def test_the_promise_of_a_power_law_is_exact(exponent: float) -> None:
    """Points on a curve of the family give that curve."""
    sizes = np.array([*SHARES, 1.0])
    expected = 0.2 * (1 - 2.0**-exponent)
    assert promise(sizes, 0.3 + 0.2 * sizes**-exponent) == pytest.approx(expected, rel=1e-6)


def test_a_curve_that_rises_promises_nothing() -> None:
    """More rows never are promised to do harm."""
    sizes = np.array([*SHARES, 1.0])
    assert promise(sizes, 0.3 + 0.1 * sizes) == 0.0
