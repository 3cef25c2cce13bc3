"""The common way to judge a cause: does one of its interventions gain more than noise does?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from wellfit.diagnosis._cause import MAX_P, MIN_GAIN, Ruling, cannot_tell, found, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.records import Effect

# An interval that reaches beyond this gain cannot exclude that something is badly wrong.
WIDE = 0.35

Accepts = Callable[[str, Effect], bool]


def best_probe(
    evidence: Evidence, names: Sequence[str], accepts: Accepts | None = None
) -> tuple[str, Effect] | None:
    """Return the probe with the largest gain on the first look, and its effect on fresh trials if any.

    Args:
        evidence: what the experiments gave.
        names: of the probes to choose from; those that were not run are passed over.
        accepts: whether a probe counts, given its effect of the first look.
    """
    looked = [(name, evidence.effect(name, fresh=False)) for name in names]
    known = [(name, effect) for name, effect in looked if effect is not None]
    if accepts is not None:
        known = [(name, effect) for name, effect in known if accepts(name, effect)]
    if not known:
        return None
    confirmed = [(n, e) for n, e in known if n in evidence.fresh]
    name, first = max(confirmed or known, key=lambda item: item[1].estimate)
    return name, evidence.effect(name) or first


def gain_ruling(
    evidence: Evidence,
    names: Sequence[str],
    *,
    accepts: Accepts | None = None,
    numbers: Mapping[str, object] | None = None,
    min_gain: float = MIN_GAIN,
    discount: float = 0.0,
    what: str = "none of the changes gains more than noise does",
) -> Ruling:
    """Judge a cause by the best of its interventions.

    Args:
        evidence: what the experiments gave.
        names: of its probes.
        accepts: see `best_probe`.
        numbers: further evidence to report.
        min_gain: smallest gain worth naming.
        discount: taken off the score by which causes are ranked, for interventions that also help where
            another cause is at work.
        what: why the cause is silent.
    """
    best = best_probe(evidence, names, accepts)
    if best is None:
        return silent(what) if any(name in evidence.runs for name in names) else untried(evidence, names)
    name, effect = best
    told = {"intervention": name, **evidence_of(effect), **(numbers or {})}
    return effect_ruling(effect, told, min_gain=min_gain, discount=discount, what=what)


def effect_ruling(
    effect: Effect,
    numbers: Mapping[str, object],
    *,
    min_gain: float = MIN_GAIN,
    max_p: float = MAX_P,
    discount: float = 0.0,
    what: str = "the change gains no more than noise does",
) -> Ruling:
    """Judge a cause by one effect: it must be large enough to matter and certain enough to be real."""
    if effect.estimate >= min_gain and effect.p_value <= max_p:
        return found(confidence_of(effect, min_gain), numbers, effect, score=effect.estimate - discount)
    if effect.estimate >= min_gain and effect.high > WIDE:
        return cannot_tell(
            f"a gain of {effect.estimate:.0%} is within noise ({effect.low:.0%} to {effect.high:.0%}); "
            "more rows would decide it",
            numbers,
        )
    return silent(what, numbers)


def confidence_of(effect: Effect, min_gain: float = MIN_GAIN) -> float:
    """Return a confidence from 0.5 to 0.99 that grows with certainty and with size."""
    certain = 1.0 - min(effect.p_value / MAX_P, 1.0)
    sized = min(effect.estimate / (4 * min_gain), 1.0)
    return 0.5 + 0.49 * certain * (0.5 + 0.5 * sized)


def evidence_of(effect: Effect) -> dict[str, object]:
    """Return an effect as numbers to report."""
    return {"gain": effect.estimate, "gain_low": effect.low, "gain_high": effect.high}


def untried(evidence: Evidence, names: Sequence[str]) -> Ruling:
    """Judge a cause of whose interventions none was tried."""
    reasons = [evidence.skipped.get(name, "") for name in names]
    if reasons and all(reasons):
        return silent(reasons[0])
    return cannot_tell("it was not tried: there was no time or no way to")


def train_gain(evidence: Evidence, name: str) -> float:
    """Return the mean gain of a probe on its training rows, 0 where unknown."""
    effect = evidence.effect(name, side="train", fresh=False)
    return 0.0 if effect is None else effect.estimate


def number(value: object, default: float = float("nan")) -> float:
    """Return a fact as a number, `default` where it is absent."""
    return float(value) if isinstance(value, int | float) else default
