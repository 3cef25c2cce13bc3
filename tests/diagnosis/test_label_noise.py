"""Wrong labels among the training rows."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import numpy as np
import pytest

from wellfit.diagnosis import MIN_GAIN, Evidence, examine_all, findings
from wellfit.diagnosis.label_noise import CAUSE, MEMORY, MIN_NOISE, NAME, PLAIN_NOISE, PLAIN_Z
from wellfit.records import Outcome

DOUBTFUL = {"suspect_share": 0.3, "suspect_excess": 2 * MIN_NOISE, "suspect_z": 8.0, "suspects": [{"row": 3}]}


def cleaned(gain: float, data: dict[str, object] | None = None, **rest: object) -> Evidence:
    """Return evidence of training without the suspects that gains that much on the rows as given."""
    fresh = {NAME: (gain, 0.0), **rest.pop("fresh", {})}
    return samples.make_evidence(loss=0.7, data={**DOUBTFUL, **(data or {})}, fresh=fresh, **rest)


def test_suspects_without_whom_it_goes_better_are_named() -> None:
    """The rows are told, and how much leaving them out gains."""
    ruling = CAUSE.examine(cleaned(0.3))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["suspects"] == DOUBTFUL["suspects"]
    assert ruling.evidence["gain"] == pytest.approx(0.3)


def test_clean_labels_are_silent() -> None:
    """As many doubtful labels among validation rows are the problem's own difficulty."""
    assert CAUSE.examine(samples.make_evidence()).outcome is Outcome.SILENT


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_share(factor: float, outcome: Outcome) -> None:
    """Doubtful training labels in excess of doubtful validation labels decide."""
    assert CAUSE.examine(cleaned(0.3, {"suspect_excess": factor * MIN_NOISE})).outcome is outcome


@pytest.mark.parametrize(
    ("gain", "outcome"),
    [(-MIN_GAIN, Outcome.SILENT), (MIN_GAIN / 4, Outcome.SILENT), (1.1 * MIN_GAIN, Outcome.FOUND)],
)
def test_the_training_without_the_suspects_must_agree(gain: float, outcome: Outcome) -> None:
    """Doubt alone is no proof: leaving the rows out has to help."""
    assert CAUSE.examine(cleaned(gain)).outcome is outcome


@pytest.mark.parametrize(
    ("noise", "z", "gain", "outcome"),
    [
        (samples.ABOVE * PLAIN_NOISE, samples.ABOVE * PLAIN_Z, 0.0, Outcome.FOUND),
        (samples.BELOW * PLAIN_NOISE, samples.ABOVE * PLAIN_Z, 0.0, Outcome.SILENT),
        (samples.ABOVE * PLAIN_NOISE, samples.BELOW * PLAIN_Z, 0.0, Outcome.SILENT),
        (samples.ABOVE * PLAIN_NOISE, samples.ABOVE * PLAIN_Z, -MIN_GAIN, Outcome.SILENT),
    ],
)
def test_plain_noise_only_must_not_be_contradicted(
    noise: float, z: float, gain: float, outcome: Outcome
) -> None:
    """A fifth of the labels at many standard errors is noise, also where a few runs cannot show the gain."""
    ruling = CAUSE.examine(cleaned(gain, {"suspect_excess": noise, "suspect_z": z}))
    assert ruling.outcome is outcome
    proven = CAUSE.examine(cleaned(0.3, {"suspect_excess": noise, "suspect_z": z}))
    assert ruling.confidence < proven.confidence


def test_an_excess_that_chance_makes_is_silent() -> None:
    """Few rows differ by luck."""
    assert CAUSE.examine(cleaned(0.3, {"suspect_z": 1.0})).outcome is Outcome.SILENT


def test_noise_in_all_labels_is_another_cause() -> None:
    """No cleaning of training rows mends labels that are doubtful everywhere."""
    data = {"suspect_share": 0.3, "suspect_excess": 0.0, "certain_error_low": 0.3, "signal_skill": 0.05}
    assert CAUSE.examine(cleaned(0.3, data)).outcome is Outcome.SILENT


def test_rows_as_they_were_given_decide() -> None:
    """Validation rows of random splits hold wrong labels, too: what happens on them does not count."""
    evidence = cleaned(0.3)
    unaltered = samples.FRESH_TRIALS[:3]
    runs = evidence.fresh[NAME]
    is_altered = ~np.isin(runs.trials, unaltered)[:, None]
    mixed = replace(runs, validation_loss=runs.validation_loss + 0.3 * is_altered)
    evidence = replace(evidence, repeats=unaltered, fresh={**evidence.fresh, NAME: mixed})
    ruling = CAUSE.examine(evidence)
    assert ruling.outcome is Outcome.FOUND
    assert ruling.effect is not None
    assert ruling.effect.estimate == pytest.approx(0.3)
    assert ruling.effect.num_pairs == len(unaltered)


@pytest.mark.parametrize("shares", [(0.9, 0.95, 2, 0.1, 0.9), (0.0, 1.0, 9, 0.0, 1.0)])
def test_what_was_memorized_is_told_and_decides_nothing(shares: tuple[float, ...]) -> None:
    """Suspects that were learned late, or never: the same finding, with the shares beside it."""
    told = dict(zip(MEMORY, shares, strict=True))
    for gain, outcome in ((0.3, Outcome.FOUND), (0.0, Outcome.SILENT)):
        plain, ruling = CAUSE.examine(cleaned(gain)), CAUSE.examine(cleaned(gain, told))
        assert ruling.outcome is plain.outcome is outcome
        assert (ruling.confidence, ruling.score) == (plain.confidence, plain.score)
        assert {name: ruling.evidence[name] for name in MEMORY} == told
        assert not set(MEMORY) & set(plain.evidence)


def test_it_leads_regularization_that_gains_more() -> None:
    """Regularization keeps wrong labels from being memorized; the labels are the cause."""
    gains = {"L2 0.01": (0.4, -0.1)}
    codes = [one.code for one in findings(examine_all(cleaned(0.3, gains=gains, fresh=gains)))]
    assert codes[0] == CAUSE.code
    assert "weak-regularization" in codes


def test_what_was_not_tried_or_not_checked_stays_open() -> None:
    """Suspects that were not left out, and labels that nobody checked."""
    assert CAUSE.examine(samples.make_evidence(data=DOUBTFUL)).outcome is Outcome.CANNOT_TELL
    assert CAUSE.examine(cleaned(0.3, {"suspect_share": None})).outcome is Outcome.CANNOT_TELL
