"""Which experiments are made when: at once, where the first look points, and once more on fresh trials."""

from __future__ import annotations

from collections.abc import Sequence

from wellfit.diagnosis import (
    BASELINE,
    CAUSES,
    LEARNS,
    MAX_P_SCREENED,
    MIN_GAIN,
    Evidence,
    Probe,
    class_imbalance,
    dead_units,
    wiring,
)
from wellfit.records import Effect

_CONFIRMED_PER_CAUSE = 2  # unless all trials can be afforded
_NO_ROOM = "the network as it stands leaves no room for a larger one"
_NO_GAP = "validation and training loss are close: nothing that closes a gap gains"
_NOT_MILDER = "a milder change of the kind gained nothing"
_NOT_ASKED = "nothing suggests it"


def first_look(probes: Sequence[Probe], *, is_small: bool) -> list[Probe]:
    """Return what is trained at once: all of the own network, on many rows only what stands by itself."""
    own = [probe for probe in probes if probe.network == "own"]
    return own if is_small else [probe for probe in own if not probe.after and not probe.needs_gap]


def second_look(
    evidence: Evidence, probes: Sequence[Probe], *, can_repair: bool
) -> tuple[list[Probe], dict[str, str]]:
    """Return what the first look makes worth training, and the reason for everything that it does not.

    Args:
        evidence: of the first look.
        probes: everything that the causes asked for.
        can_repair: whether the network can be trained, so that a repaired one can be compared with it.
    """
    asked, skipped = list[Probe](), dict[str, str]()
    for probe in probes:
        if probe.name in evidence.runs:
            continue
        reason = _why_not(evidence, probe, can_repair=can_repair)
        if reason:
            skipped[probe.name] = reason
        else:
            asked.append(probe)
    return asked, skipped


def promising(evidence: Evidence, *, is_full: bool) -> list[str]:
    """Return the probes that may have gained, those of the largest gains first."""
    effects = {
        name: effect
        for name, probe in evidence.probes.items()
        if name != BASELINE
        and probe.labels == "true"
        and not probe.num_rows
        and probe.rows == 1
        and _may_gain(effect := evidence.effect(name))
        and effect is not None
    }
    # What mends imbalance is judged by balanced accuracy: it is confirmed whatever it does to the loss.
    always = [name for name in class_imbalance.NAMES if name in evidence.runs]
    ranked = sorted((n for n in effects if n not in always), key=lambda name: -effects[name].estimate)
    if not is_full:
        wanted = {
            name
            for cause in CAUSES
            for name in [n for n in ranked if n in _names(cause.probes(evidence.situation))][
                :_CONFIRMED_PER_CAUSE
            ]
        }
        ranked = [name for name in ranked if name in wanted]
    return [*always, *ranked]


def may_end_elsewhere(evidence: Evidence) -> tuple[bool, bool]:
    """Return whether the network as it stands may do better at an earlier epoch, and at a later one."""
    longest = evidence.runs[BASELINE].validation_loss.shape[1]
    earlier, _ = evidence.at_epochs(0, evidence.num_epochs)
    later, _ = evidence.at_epochs(evidence.num_epochs, longest)
    return _may_gain(earlier), _may_gain(later)


def _why_not(evidence: Evidence, probe: Probe, *, can_repair: bool) -> str:
    """Return why a probe is not worth training, an empty string where it is."""
    if probe.network in ("wider", "deeper"):
        return "" if _room(evidence) > MIN_GAIN else _NO_ROOM
    if probe.network == "repaired":
        forgets = (wiring.memory(evidence) or 0.0) > 1 - wiring.MEMORIZED
        return "" if can_repair and (evidence.facts.faults or forgets) else _NOT_ASKED
    if probe.network == "normalized":
        return "" if dead_units.is_suspected(evidence.facts.network) else _NOT_ASKED
    if probe.needs_gap:
        return "" if _gap(evidence) >= MIN_GAIN else _NO_GAP
    if probe.after:
        milder = evidence.effect(probe.after)
        return "" if evidence.learned < LEARNS or _may_gain(milder) else _NOT_MILDER
    return ""


def _room(evidence: Evidence) -> float:
    """Return how far the network as it stands is from the best, as a share of the scale.

    A network that is at the best level on training rows, too, gains nothing from being larger.
    """
    sides = [evidence.final(BASELINE, _look(evidence), side=side).mean() for side in ("train", "validation")]
    return (float(max(sides)) - evidence.best_loss) / evidence.scale


def _gap(evidence: Evidence) -> float:
    """Return the largest gap of a trial, as a share of the scale."""
    trials = _look(evidence)
    gaps = evidence.final(BASELINE, trials) - evidence.final(BASELINE, trials, side="train")
    return float(gaps.max()) / evidence.scale


def _look(evidence: Evidence) -> list[int]:
    return [trial for trial in evidence.runs[BASELINE].trials if trial in evidence.fair]


def _may_gain(effect: Effect | None) -> bool:
    return effect is not None and effect.estimate >= MIN_GAIN / 2 and effect.p_value <= 4 * MAX_P_SCREENED


def _names(probes: Sequence[Probe]) -> list[str]:
    return [probe.name for probe in probes]
