"""What is the matter with the baseline, read off its curves and off what was proven to help.

A first reading by a few rules. It knows nothing of causes; where a diagnosis is at hand, its verdict
takes the place of this one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wellfit.records import Effect, Metric, Verdict
from wellfit.search._role import Role

# A gain below this share of what the baseline gains over chance does not matter; interventions on a
# healthy network move the loss by about as much.
RELEVANT_SHARE = 0.05
# A validation loss that is nowhere lower than this share of chance has found nothing that carries over.
_LEARNED_SHARE = 0.98


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One remedy that was tried, for the verdict.

    Attributes:
        name: of the candidate.
        role: what it does, from `role_of`.
        effect: against the baseline in the study's metric, or None where it could not be measured.
        stage: ``screened``, or ``confirmed`` where it was measured on fresh splits and seeds.
        proven: whether it was found to beat the baseline there.
    """

    name: str
    role: Role
    effect: Effect | None
    stage: Literal["screened", "confirmed"]
    proven: bool


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the verdict is read off. Losses are data losses in inference mode, means over runs.

    Attributes:
        metric: the study's metric.
        baseline_score: of the baseline, in the metric.
        chance_score: of the majority class or the mean, in the metric.
        over_chance: paired effect of the baseline over chance (positive is better than chance), or None
            where it could not be measured.
        train_loss: on training rows after the last epoch.
        last_loss: on validation rows after the last epoch.
        best_loss: on validation rows at the epoch where it is lowest.
        chance_loss: of the majority class or the mean, on validation rows.
        attempts: what was tried; each remedy once, with its most reliable effect.
    """

    metric: Metric
    baseline_score: float
    chance_score: float
    over_chance: Effect | None
    train_loss: float
    last_loss: float
    best_loss: float
    chance_loss: float
    attempts: Sequence[Attempt] = ()


def verdict(evidence: Evidence) -> tuple[Verdict, str]:
    """Return the verdict on the baseline and the sentences that give its numbers.

    The rules, in order:

    1. ``not-learning``: the training itself failed (no finite loss), or the interval of the baseline
       over chance does not lie above zero and at no epoch the validation loss is below 98 % of chance.
    2. Something is proven to help. If its whole interval lies below 5 % of what the baseline gains over
       chance: ``healthy``. If it neither holds back nor sets free nor changes the steps (class weights):
       ``inconclusive``. ``overfitting`` if the one with the largest lower bound holds the network back,
       ``underfitting`` if it sets it free. If it changes the steps alone, or does both, the curves
       decide: overfitting if the gap between training and validation exceeds half of what the network
       learned of the training rows, or the validation loss has risen by a relevant amount since its
       best epoch; else underfitting.
    3. ``overfitting``: nothing is proven, but chance is significantly better than the network as it
       ends, and its best epoch was better than chance.
    4. ``healthy``: the baseline is better than chance, and no remedy can gain a relevant amount: every
       interval ends below 5 % of what the baseline gains over chance. Where finalists were measured on
       fresh splits, theirs are the intervals that count: the others looked no better.
    5. ``inconclusive`` otherwise: the runs are too few to tell.

    Args:
        evidence: curves, chance and effects.

    Returns:
        The verdict, and one or two sentences.

    Example:
        >>> log_loss = Metric(name="log_loss", direction="minimize")
        >>> nothing = Effect(estimate=0.0, low=-0.01, high=0.01, p_value=1.0, unit="log_loss", num_pairs=10)
        >>> found, line = verdict(Evidence(metric=log_loss, baseline_score=0.70, chance_score=0.69,
        ...     over_chance=nothing, train_loss=0.69, last_loss=0.70, best_loss=0.69, chance_loss=0.69))
        >>> found.value
        'not-learning'
    """
    proven = _best_proven(evidence.attempts)
    if _is_not_learning(evidence):
        return Verdict.NOT_LEARNING, _not_learning_line(evidence, proven)
    relevant = RELEVANT_SHARE * abs(evidence.baseline_score - evidence.chance_score)
    if proven is not None:
        return _by_what_helps(evidence, proven, relevant)
    if evidence.over_chance is not None and evidence.over_chance.high < 0:
        return Verdict.OVERFITTING, (
            f"{_WHAT[Verdict.OVERFITTING]}: {_curves(evidence)}; as it ends it is worse than chance "
            f"({_number(evidence.chance_loss)}). No remedy is proven to help."
        )
    above_chance = evidence.over_chance is not None and evidence.over_chance.low > 0
    largest = _largest_possible(evidence.attempts)
    unit = evidence.metric.name
    if above_chance and largest is not None and largest < relevant:
        return Verdict.HEALTHY, (
            f"The network is healthy: {_curves(evidence)}. {_finalists(evidence.attempts)} can improve "
            f"{unit} by more than {_number(largest)}, which is below {_number(relevant)}, "
            f"{RELEVANT_SHARE:.0%} of its gain over chance; leave it as it is."
        )
    return Verdict.INCONCLUSIVE, _inconclusive_line(evidence, largest, relevant)


def _by_what_helps(evidence: Evidence, proven: Attempt, relevant: float) -> tuple[Verdict, str]:
    """Return the verdict that a proven remedy stands for."""
    if proven.effect is not None and proven.effect.high < relevant:
        return Verdict.HEALTHY, (
            f"The network is healthy: {_curves(evidence)}. {_proof(proven)} That is certain but small: below "
            f"{_number(relevant)}, {RELEVANT_SHARE:.0%} of its gain over chance."
        )
    if proven.role == "neutral":
        text = f"Neither over- nor underfitting is shown: {_curves(evidence)}. {_proof(proven)}"
        return Verdict.INCONCLUSIVE, text
    side = _side(evidence, proven.role)
    return side, f"{_WHAT[side]}: {_curves(evidence)}. {_proof(proven)}"


_WHAT = {Verdict.OVERFITTING: "The network overfits", Verdict.UNDERFITTING: "The network underfits"}


def _best_proven(attempts: Sequence[Attempt]) -> Attempt | None:
    bounds = [(one.effect.low, one) for one in attempts if one.proven and one.effect is not None]
    return max(bounds, key=lambda bound: bound[0])[1] if bounds else None


def _is_not_learning(evidence: Evidence) -> bool:
    if not (math.isfinite(evidence.train_loss) and math.isfinite(evidence.best_loss)):
        return True
    above_chance = evidence.over_chance is not None and evidence.over_chance.low > 0
    return not above_chance and not evidence.best_loss < _LEARNED_SHARE * evidence.chance_loss


def _side(evidence: Evidence, role: Role) -> Literal[Verdict.OVERFITTING, Verdict.UNDERFITTING]:
    if role == "regularize":
        return Verdict.OVERFITTING
    if role == "fit":
        return Verdict.UNDERFITTING
    learned = evidence.chance_loss - evidence.train_loss
    gap = evidence.last_loss - evidence.train_loss
    risen = evidence.last_loss - evidence.best_loss
    overfits = gap > 0.5 * learned > 0 or risen > RELEVANT_SHARE * max(learned, 0.0) > 0
    return Verdict.OVERFITTING if overfits else Verdict.UNDERFITTING


def _largest_possible(attempts: Sequence[Attempt]) -> float | None:
    """Return the highest upper bound of the effects that count; None if it is unknown."""
    measured = [(one.stage, one.effect.high) for one in attempts if one.effect is not None]
    fresh = [high for stage, high in measured if stage == "confirmed"]
    bounds = fresh or [high for _, high in measured]
    # One unknown interval excludes nothing.
    return None if not bounds or any(math.isnan(bound) for bound in bounds) else max(bounds)


def _finalists(attempts: Sequence[Attempt]) -> str:
    """Return who the bound speaks of: the finalists where there were any, else all that was tried."""
    count = sum(one.stage == "confirmed" and one.effect is not None for one in attempts)
    if not count:
        return "Nothing that was tried"
    return f"None of the {count} finalists, the most promising of {len(attempts)} remedies,"


def _not_learning_line(evidence: Evidence, proven: Attempt | None) -> str:
    if not math.isfinite(evidence.train_loss) or not math.isfinite(evidence.best_loss):
        line = "The network does not learn: its loss is not a finite number."
    else:
        effect = evidence.over_chance
        interval = f", 95 % interval {_interval(effect)}" if effect is not None else ""
        line = (
            f"The network does not learn: {evidence.metric.name} {_number(evidence.baseline_score)} against "
            f"{_number(evidence.chance_score)} for chance{interval}; at its best epoch the validation loss "
            f"is {_number(evidence.best_loss)}, chance is {_number(evidence.chance_loss)}."
        )
    return line if proven is None else f"{line} {_proof(proven)}"


def _inconclusive_line(evidence: Evidence, largest: float | None, relevant: float) -> str:
    if largest is None:
        reason = "no remedy could be measured with an interval"
    elif evidence.over_chance is None or evidence.over_chance.low <= 0:
        reason = "the runs do not show that it is better than chance"
    else:
        reason = (
            f"no remedy is proven to help, but gains of up to {_number(largest)} in "
            f"{evidence.metric.name} cannot be excluded (relevant is {_number(relevant)})"
        )
    advice = "More rows or a larger budget would narrow the intervals."
    return f"Cannot tell: {_curves(evidence)}; {reason}. {advice}"


def _curves(evidence: Evidence) -> str:
    last, best = _number(evidence.last_loss), _number(evidence.best_loss)
    best_part = f" (best epoch {best})" if best != last else ""
    return f"training loss {_number(evidence.train_loss)}, validation loss {last}{best_part}"


def _proof(best: Attempt) -> str:
    effect = best.effect
    if effect is None:
        return ""
    return (
        f"Proven to help: {best.name} improves {effect.unit} by {_number(effect.estimate)} "
        f"(95 % interval {_interval(effect)})."
    )


def _interval(effect: Effect) -> str:
    return f"{_number(effect.low)} to {_number(effect.high)}"


def _number(value: float) -> str:
    return f"{value:.3g}"
