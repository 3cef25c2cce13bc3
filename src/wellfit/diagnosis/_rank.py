"""All causes, and from their rulings to ranked findings and a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wellfit.diagnosis import (
    batchnorm_mode,
    class_imbalance,
    dead_units,
    excess_capacity,
    insufficient_capacity,
    irreducible_noise,
    label_noise,
    leakage,
    learning_rate_too_high,
    learning_rate_too_low,
    no_signal,
    over_regularized,
    overconfidence,
    penalty_in_loss,
    preprocessing_mismatch,
    rare_features,
    split_shift,
    too_few_epochs,
    too_few_rows,
    trained_too_long,
    unscaled_inputs,
    validation_too_small,
    weak_regularization,
    wiring,
)
from wellfit.diagnosis._cause import Cause, Ruling
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._probe import Probe, Situation
from wellfit.records import Examined, Finding, Outcome, Verdict

# In the order of cost and dependence: evaluation, data, wiring, optimization, capacity, regularization.
CAUSES: tuple[Cause, ...] = (
    penalty_in_loss.CAUSE,
    batchnorm_mode.CAUSE,
    preprocessing_mismatch.CAUSE,
    split_shift.CAUSE,
    leakage.CAUSE,
    validation_too_small.CAUSE,
    class_imbalance.CAUSE,
    rare_features.CAUSE,
    unscaled_inputs.CAUSE,
    dead_units.CAUSE,
    wiring.CAUSE,
    no_signal.CAUSE,
    irreducible_noise.CAUSE,
    learning_rate_too_high.CAUSE,
    learning_rate_too_low.CAUSE,
    too_few_epochs.CAUSE,
    insufficient_capacity.CAUSE,
    over_regularized.CAUSE,
    too_few_rows.CAUSE,
    excess_capacity.CAUSE,
    weak_regularization.CAUSE,
    trained_too_long.CAUSE,
    label_noise.CAUSE,
    overconfidence.CAUSE,
)

Examination = tuple[Cause, Ruling]

LEARNS = 0.5
"""Share of the way from chance to the best from which a network does learn."""
_BY_DEGREES = ("learning-rate-too-high", "unscaled-inputs", "dead-units")  # slow learning down or stop it


def probes_for(situation: Situation) -> list[Probe]:
    """Return what all causes ask for, each experiment once."""
    asked = dict[str, Probe]()
    for cause in CAUSES:
        for probe in cause.probes(situation):
            known = asked.get(probe.name)
            # What mends overfitting closes a gap, and where there is none it gains nothing.
            needs_gap = cause.family is Verdict.OVERFITTING and (known is None or known.needs_gap)
            asked[probe.name] = replace(probe, needs_gap=needs_gap)
    return list(asked.values())


def examine_all(evidence: Evidence) -> list[Examination]:
    """Examine every cause."""
    return [(cause, cause.examine(evidence)) for cause in CAUSES]


def findings(examined: Sequence[Examination]) -> tuple[Finding, ...]:
    """Return the causes that hold, ranked: what spoils all comparisons first, then by what mending gains."""
    held = [(cause, ruling) for cause, ruling in examined if ruling.outcome is Outcome.FOUND]
    held.sort(key=lambda pair: (pair[1].tier, -_score(pair[1])))
    if any(cause.code == "no-signal" for cause, _ in held):
        # Without a signal nothing that training does can gain or lose anything that is true of new rows.
        held = [pair for pair in held if pair[0].code == "no-signal" or pair[1].tier == 0]
    return tuple(
        Finding(
            code=cause.code,
            confidence=ruling.confidence,
            evidence=ruling.evidence,
            remedies=_remedies(cause, ruling),
            family=cause.family,
            experiment=cause.experiment,
            effect=ruling.effect,
            page=f"docs/causes/{cause.code}.md",
        )
        for cause, ruling in held
    )


def examined_records(examined: Sequence[Examination]) -> tuple[Examined, ...]:
    """Return every cause with what came of it."""
    return tuple(
        Examined(code=cause.code, outcome=ruling.outcome, reason=ruling.reason) for cause, ruling in examined
    )


def verdict_of(
    found: Sequence[Finding], examined: Sequence[Examination], *, learned: float = 0.0
) -> tuple[Verdict, float]:
    """Return the verdict and its confidence.

    The first finding's family; ``healthy`` where nothing was found; ``inconclusive`` where a large gain could
    be neither shown nor excluded.

    Args:
        found: findings, ranked.
        examined: all causes with their rulings.
        learned: share of the way from chance to the best that the network as it stands has gone. Where it is
            the steps, the scale or the units, one that has gone most of it does learn: it underfits.
    """
    if found and found[0].family is not None:
        family = found[0].family
        if found[0].code in _BY_DEGREES and learned >= LEARNS:
            family = Verdict.UNDERFITTING
        return family, found[0].confidence
    open_causes = [c for c, ruling in examined if ruling.outcome is Outcome.CANNOT_TELL and ruling.evidence]
    if open_causes:
        return Verdict.INCONCLUSIVE, 0.5
    return Verdict.HEALTHY, 0.8


def _remedies(cause: Cause, ruling: Ruling) -> tuple[str, ...]:
    """Return what to do, first what was tried and gained."""
    tried = ruling.evidence.get("intervention")
    if not isinstance(tried, str) or ruling.effect is None or ruling.effect.estimate <= 0:
        return cause.remedies
    return (f"{tried}: it gained {min(ruling.effect.estimate, 1.0):.0%} here", *cause.remedies)


def _score(ruling: Ruling) -> float:
    if ruling.score is not None:
        return ruling.score
    return 0.0 if ruling.effect is None else ruling.effect.estimate
