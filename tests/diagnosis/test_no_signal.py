"""Inputs that say nothing about the target."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import numpy as np
import pytest

from wellfit.diagnosis import BASELINE, Evidence
from wellfit.diagnosis.no_signal import CAUSE, MAX_SIGNAL_Z, MAX_SKILL, changed_z, network_z
from wellfit.records import Outcome

NOTHING = {"signal_z": 0.3, "signal_skill": 0.0, "signal_skill_high": MAX_SKILL}


def blind(data: dict[str, object] | None = None, **rest: object) -> Evidence:
    """Return evidence of a network and references that are at chance."""
    evidence = samples.make_evidence(loss=1.05, best=0.99, data={**NOTHING, **(data or {})}, **rest)
    # The network never was below chance: without this its curve comes down from 0.95.
    return samples.with_runs(evidence, validation_loss=lambda values: np.maximum(values, 1.0))


def test_nothing_that_beats_chance_is_found() -> None:
    """Neither references nor the network learn anything: found, and before everything else."""
    ruling = CAUSE.examine(blind())
    assert ruling.outcome is Outcome.FOUND
    assert ruling.tier == 0


def test_a_narrow_interval_makes_it_surer() -> None:
    """References that might still be better by a lot leave more doubt."""
    wide = CAUSE.examine(blind({"signal_skill_high": 10 * MAX_SKILL}))
    assert wide.outcome is Outcome.FOUND
    assert wide.confidence < CAUSE.examine(blind()).confidence


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.FOUND), (samples.ABOVE, Outcome.SILENT)]
)
def test_at_the_threshold_of_the_signal(factor: float, outcome: Outcome) -> None:
    """Standard errors by which a reference beats chance decide."""
    assert CAUSE.examine(blind({"signal_z": factor * MAX_SIGNAL_Z})).outcome is outcome


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.FOUND), (samples.ABOVE, Outcome.CANNOT_TELL)]
)
def test_at_the_threshold_of_the_skill(factor: float, outcome: Outcome) -> None:
    """A weak signal that is likely, but not certain, leaves it open."""
    data = {"signal_z": 0.9 * MAX_SIGNAL_Z, "signal_skill": factor * MAX_SKILL}
    assert CAUSE.examine(blind(data)).outcome is outcome


def test_a_network_that_learns_refutes_blind_references() -> None:
    """References are no proof where the network itself beats chance in every trial."""
    evidence = samples.make_evidence(loss=0.5, best=0.5, data=NOTHING)
    assert network_z(evidence) > MAX_SIGNAL_Z + 1
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_a_change_that_beats_chance_on_fresh_trials_refutes_it() -> None:
    """The network is at chance, and with a penalty below it, on trials that nothing was chosen by as well."""
    name = "L2 0.03"
    evidence = samples.make_evidence(
        loss=1.05, best=0.5, data=NOTHING, gains={name: (0.4, 0.0)}, fresh={name: (0.4, 0.0)}
    )
    assert changed_z(evidence) > MAX_SIGNAL_Z + 1
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT
    lucky = samples.make_evidence(
        loss=1.05, best=0.5, data=NOTHING, gains={name: (0.4, 0.0)}, fresh={name: (0.0, 0.0)}
    )
    assert changed_z(lucky) < 0


def test_a_network_that_does_not_learn_is_another_cause() -> None:
    """At chance while references learn: the network is at fault."""
    evidence = samples.make_evidence(loss=1.0, data={"signal_z": 10 * MAX_SIGNAL_Z})
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_references_that_could_not_be_fitted_leave_it_open() -> None:
    """Without any there is nothing to compare with."""
    assert CAUSE.examine(blind({"signal_z": None})).outcome is Outcome.CANNOT_TELL


def test_the_network_is_not_asked_without_permuted_labels() -> None:
    """Its own lead over chance counts for nothing where the experiment is absent or diverged."""
    evidence = samples.make_evidence(loss=0.5)
    assert network_z(samples.only_baseline(evidence)) == 0.0
    runs = replace(
        evidence.runs[BASELINE], validation_loss=np.full_like(evidence.runs[BASELINE].validation_loss, np.nan)
    )
    assert network_z(replace(evidence, runs={**evidence.runs, BASELINE: runs})) == 0.0


def test_references_on_small_pictures_leave_doubt() -> None:
    """What tells classes apart may be lost in small: found, but less surely."""
    pictures = CAUSE.examine(blind(situation=replace(samples.SITUATION, has_pictures=True)))
    assert pictures.outcome is Outcome.FOUND
    assert pictures.confidence < 0.7 <= CAUSE.examine(blind()).confidence
