"""What a cause is: the experiments it asks for, and how they are judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._probe import Probe, Situation
from wellfit.records import Effect, Outcome, Verdict

# A gain below this share of what there is to gain is not worth naming: on healthy networks interventions
# that do nothing scatter about as far.
MIN_GAIN = 0.06
# Some forty interventions are tried on the same rows; at this level one in five healthy networks would
# show one such effect by chance, and the confirmation on fresh trials removes it.
MAX_P_SCREENED = 0.05
MAX_P = 0.02
# Where the fault itself is shown without training (rows that differ, columns in other units, doubtful
# labels), the losses only have to agree with it.
MAX_P_AGREEING = 0.1


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What came of examining a cause.

    Attributes:
        outcome: found, silent, not applicable or cannot tell.
        reason: in one sentence.
        confidence: 0 to 1, of a cause that was found.
        evidence: numbers by name.
        effect: how much the intervention gives, on the scale of gains.
        tier: 0 for what makes every other comparison meaningless, 1 for all others, 2 for what another
            cause usually explains.
        score: causes of one tier are ranked by it; the effect's estimate if None.
    """

    outcome: Outcome
    reason: str = ""
    confidence: float = 0.0
    evidence: Mapping[str, object] = field(default_factory=dict[str, object])
    effect: Effect | None = None
    tier: int = 1
    score: float | None = None


def nothing(_: Situation) -> Sequence[Probe]:
    """Ask for no experiment."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A cause that networks fail by.

    Attributes:
        code: its fixed code.
        family: the verdict it stands for.
        experiment: what tells it apart, in one sentence.
        remedies: what to do, in order.
        examine: from the evidence to a ruling.
        probes: the experiments it needs.
    """

    code: str
    family: Verdict
    experiment: str
    remedies: tuple[str, ...]
    examine: Callable[[Evidence], Ruling]
    probes: Callable[[Situation], Sequence[Probe]] = nothing


def found(
    confidence: float,
    evidence: Mapping[str, object],
    effect: Effect | None = None,
    *,
    tier: int = 1,
    score: float | None = None,
    reason: str = "",
) -> Ruling:
    """Return the ruling that a cause holds."""
    return Ruling(
        outcome=Outcome.FOUND,
        confidence=max(0.0, min(1.0, confidence)),
        evidence=evidence,
        effect=effect,
        tier=tier,
        score=score,
        reason=reason,
    )


def silent(reason: str, evidence: Mapping[str, object] | None = None) -> Ruling:
    """Return the ruling that a cause does not hold."""
    return Ruling(outcome=Outcome.SILENT, reason=reason, evidence=evidence or {})


def not_applicable(reason: str) -> Ruling:
    """Return the ruling that a cause has no meaning here."""
    return Ruling(outcome=Outcome.NOT_APPLICABLE, reason=reason)


def cannot_tell(reason: str, evidence: Mapping[str, object] | None = None) -> Ruling:
    """Return the ruling that the evidence does not decide; the reason says what would."""
    return Ruling(outcome=Outcome.CANNOT_TELL, reason=reason, evidence=evidence or {})
