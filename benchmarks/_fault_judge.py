"""Judge planted faults by unseen rows: does it harm, what repairs it, which answers are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from _fault_healthy import Pair, more_rows
from _fault_plants import PLANTS, TOGETHER, Plant, by_name
from _fault_tables import Rows
from _fault_truth import (
    CODES,
    HARM,
    MARGIN,
    REPAIR,
    Scale,
    Situation,
    Truth,
    gains,
    interventions,
    measure,
    row_losses,
    scale_of,
)

_NOISE_SIGNAL = 0.08  # of the chance loss that is left to learn, at most, where noise is irreducible
_NO_SIGNAL = 0.015
_HARDLY_SIGNAL = 0.03  # which a table of this size cannot tell from none
_PENALTY = HARM  # of the distance from chance to the reference, which the penalty adds to the loss
_PRECISE = 0.15  # standard error of the validation loss on the same scale, at most, of a control
_IMPRECISE = 0.25  # where validation rows are too few to tell anything
_LEAST_BALANCED = 0.25  # of the chance loss that the healthy network removes on balanced rows
_SURE = 3.0  # standard errors


@dataclass(frozen=True, eq=False)
class Trial:
    """A fault, or two, planted on a pair.

    Attributes:
        plants: one or two.
        strength: 0 to 2.
        situation: with the faults.
        alone: for two faults: the situation with only the second, and with only the first.
    """

    plants: tuple[Plant, ...]
    strength: int
    situation: Situation
    alone: tuple[Situation, ...] = ()

    @property
    def name(self) -> str:
        """Of the plants."""
        return "+".join(plant.name for plant in self.plants)

    @property
    def codes(self) -> tuple[str, ...]:
        """Of the plants."""
        return tuple(plant.code for plant in self.plants)


@dataclass(frozen=True, eq=False)
class Judged:
    """What came of a trial.

    Attributes:
        situation: that was judged.
        accepted: right answers.
        measured: numbers, by name.
        reason: why the case does not count; empty if it does.
    """

    situation: Situation
    accepted: frozenset[str] = frozenset()
    measured: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""


def trials_of(pair: Pair, number: int) -> list[Trial]:
    """Return the trials of the pair of this number: two of three plants, every strength in turn."""
    trials = []
    for index, plant in enumerate(PLANTS):
        if not _is_turn(plant, index, number):
            continue
        strength = sum(_is_turn(plant, index, earlier) for earlier in range(number)) % 3
        for each in range(3) if plant.every else (strength,):
            situation = plant.make(pair.situation, each, _rng(number, index))
            if situation is not None:
                trials.append(Trial((plant,), each, situation))
    for offset in (0, 3):
        index = (number + offset) % len(TOGETHER)
        first, second = (by_name(name) for name in TOGETHER[index])
        strength = number % 3
        one = first.make(pair.situation, strength, _rng(number, 100 + index))
        other = second.make(pair.situation, strength, _rng(number, 200 + index))
        both = None if one is None else second.make(one, strength, _rng(number, 200 + index))
        if both is not None and other is not None and one is not None:
            trials.append(Trial((first, second), strength, both, (other, one)))
    return trials


def _is_turn(plant: Plant, index: int, number: int) -> bool:
    """Whether a pair gets a plant: two of three, and one of two where it costs programs of its own."""
    return (index + number) % 3 != 0 if plant.shared else (index + number) % 2 == 0


def _rng(*numbers: int) -> np.random.Generator:
    return np.random.default_rng(numbers)


def judge_healthy(pair: Pair, count: int) -> list[Judged]:
    """Return controls: the pair as it was found, and with its rows drawn anew."""
    if pair.reason:
        return [Judged(pair.situation, reason=pair.reason)]
    error = _error_of_rows(pair, pair.situation)
    if error > _PRECISE:
        return [Judged(pair.situation, reason=f"too few rows for a control: error {error:.2f}")]
    situations = [pair.situation] + [_redrawn(pair.situation, seed) for seed in range(1, count)]
    own = {s.spec.structure() for s in situations}
    wanted = [
        (s, {k: v for k, v in interventions(s).items() if v.spec.structure() in own}) for s in situations
    ]
    judged = []
    for situation, truth in zip(situations, measure(wanted), strict=True):
        found = gains(truth, pair.scale)
        name = max(found, key=found.get)
        share = truth.penalty / pair.scale.size
        reason = f"{name} gains {found[name]:.3f}" if found[name] > MARGIN + 0.01 else ""
        if share >= _PENALTY:  # by the measure of a planted penalty, its reported loss misleads
            reason = f"a penalty of {share:.2f} in its loss"
        numbers = {"largest gain": found[name], "error": _error_of_rows(pair, situation), "penalty": share}
        judged.append(Judged(situation, frozenset({"healthy"}), numbers, reason))
    return judged


def _error_of_rows(pair: Pair, situation: Situation) -> float:
    """Return the standard error of the healthy network's loss on as many rows as are validated on."""
    losses = row_losses(pair.truth.outputs, pair.situation.test.y, pair.table.task)
    return float(losses.std() / np.sqrt(len(situation.validation)) / pair.scale.size)


def _redrawn(situation: Situation, seed: int) -> Situation:
    x = np.concatenate([situation.train.x, situation.validation.x])
    y = np.concatenate([situation.train.y, situation.validation.y])
    order = np.random.default_rng(seed).permutation(len(y))
    count = len(situation.train)
    return situation.change(
        train=Rows(x[order[:count]], y[order[:count]]), validation=Rows(x[order[count:]], y[order[count:]])
    )


def judge_trials(pair: Pair, trials: Sequence[Trial]) -> list[Judged]:
    """Return what unseen rows say of each trial; all are trained together."""
    wanted = [(trial.situation, _others(pair, trial)) for trial in trials]
    truths = measure(wanted)
    return [_judge(pair, trial, truth) for trial, truth in zip(trials, truths, strict=True)]


def _others(pair: Pair, trial: Trial) -> dict[str, Situation]:
    """Return what a trial is compared with: the repair, every intervention, its own validation rows."""
    situation = trial.situation
    others: dict[str, Situation] = {}
    if any(plant.judged == "estimate" for plant in trial.plants):
        others["on validation"] = situation.change(test=situation.validation)
    if len(trial.plants) == 2:
        return others | dict(zip(("undo 0", "undo 1"), trial.alone, strict=True))
    plant = trial.plants[0]
    if plant.judged == "estimate":
        if plant.name == "mismatch":
            others["clean validation"] = situation.change(test=pair.situation.validation)
        return others
    if situation.spec.head == "right":
        found = interventions(situation)
        if plant.name in ("dead", "rare-columns", "slow-statistics"):  # wider ones cost a program each
            found = {k: v for k, v in found.items() if v.spec.structure() == situation.spec.structure()}
        others |= found
    if plant.undo is not None:
        others["undo"] = plant.undo(situation)
    elif plant.judged == "training":
        others["undo"] = pair.situation.change(test=_clean_test(pair, trial))
    more = more_rows(situation, pair.table) if _has_table_rows(pair, situation) else None
    return others if more is None else others | {"more rows": more}


def _clean_test(pair: Pair, trial: Trial) -> Rows:
    """Return the test rows for the healthy network; where classes are to weigh the same, these."""
    return trial.situation.test if trial.name == "imbalanced" else pair.situation.test


def _has_table_rows(pair: Pair, situation: Situation) -> bool:
    """Whether more rows of the same kind can be had: training rows are the table's own."""
    return situation.train is pair.table.train and situation.test is pair.table.test


def _judge(pair: Pair, trial: Trial, truth: Truth) -> Judged:
    if len(trial.plants) == 2:
        return _judge_both(pair, trial, truth)
    how = {
        "training": _judge_training,
        "estimate": _judge_estimate,
        "signal": _judge_signal,
        "noise": _judge_noise,
        "precision": _judge_precision,
        "penalty": _judge_penalty,
    }
    judged = how[trial.plants[0].judged](pair, trial, truth)
    return replace(judged, accepted=judged.accepted | _also(pair, judged)) if not judged.reason else judged


def _also(pair: Pair, judged: Judged) -> frozenset[str]:
    """Return what is true of the pair before anything is planted, where it weighs as much as the harm."""
    found = set()
    if pair.row_gain >= REPAIR * judged.measured.get("harm", 1.0):
        found.add("too-few-rows")
    if _error_of_rows(pair, judged.situation) >= _IMPRECISE:
        found.add("validation-too-small")
    if pair.truth.penalty / pair.scale.size >= max(_PENALTY, REPAIR * judged.measured.get("harm", 1.0)):
        found.add("penalty-in-loss")
    return frozenset(found)


def _judge_training(pair: Pair, trial: Trial, truth: Truth) -> Judged:
    code = trial.codes[0]
    scale = pair.scale
    if trial.name == "imbalanced":
        chance = float(np.log(pair.table.num_classes))
        scale = Scale(chance, min(float(truth.others["undo"].mean()), chance))
        if scale.size < _LEAST_BALANCED * chance:
            return Judged(trial.situation, reason="the table itself is not balanced")
    found = gains(truth, scale)
    harm = found.pop("undo")
    if trial.plants[0].undo is not None:  # which width, or which penalty, is right is not known beforehand
        harm = max(harm, *(gain for name, gain in found.items() if CODES.get(name) == code), harm)
    sure = 2 * truth.spread(scale)
    if harm < max(HARM, sure):
        return Judged(trial.situation, reason=f"harm {harm:.2f}, twice its error {sure:.2f}")
    accepted = {code} | _repairing(found, harm)
    best = max((name for name in found if name in CODES), key=found.get, default="none")
    numbers = {"harm": harm, f"[{best}]": found.get(best, 0.0) / harm}
    if code in CODES.values():
        own = max((g for name, g in found.items() if CODES.get(name) == code), default=harm)
        numbers["own"] = own / harm
    return Judged(trial.situation, frozenset(accepted), numbers)


def _repairing(found: Mapping[str, float], harm: float) -> set[str]:
    return {CODES[name] for name, gain in found.items() if name in CODES and gain >= REPAIR * harm}


def _lost(pair: Pair, truth: Truth) -> float:
    return (truth.level(pair.scale) - pair.truth.level(pair.scale)) / pair.scale.size


def _judge_estimate(pair: Pair, trial: Trial, truth: Truth) -> Judged:
    bias, error = _bias(pair, trial.situation, truth)
    if abs(bias) < HARM or abs(bias) < _SURE * error:
        return Judged(trial.situation, reason=f"validation off by {bias:+.2f}, error {error:.2f}")
    accepted = {trial.codes[0]}
    lost = _lost(pair, truth)
    if trial.name == "duplicates" and lost >= HARM:
        accepted.add("too-few-rows")
    return Judged(trial.situation, frozenset(accepted), {"bias": bias, "error": error, "lost": lost})


def _bias(pair: Pair, situation: Situation, truth: Truth) -> tuple[float, float]:
    """Return how much the validation loss lies below the test loss, and the error of that, on the scale."""
    validated = truth.others["on validation"]
    if "clean validation" in truth.others:  # the same rows as they should be: their luck cancels
        bias = (truth.others["clean validation"] - validated).mean() / pair.scale.size
        return float(np.clip(bias, -9, 9)), 0.0
    bias = (truth.own[: len(validated)] - validated).mean() / pair.scale.size
    return float(np.clip(bias, -9, 9)), _error_of_rows(pair, situation)


def _judge_signal(pair: Pair, trial: Trial, truth: Truth) -> Judged:
    scale = scale_of(trial.situation.train, trial.situation.test, trial.situation.spec.task)
    best = min(truth.own.mean(), *_tried(truth).values())
    signal = (scale.chance - best) / scale.chance
    if signal > _NO_SIGNAL:
        return Judged(trial.situation, reason=f"some signal: {signal:.3f}")
    lost = _lost(pair, truth)
    return Judged(trial.situation, frozenset({"no-signal"}), {"harm": lost, "signal": signal})


def _judge_noise(pair: Pair, trial: Trial, truth: Truth) -> Judged:
    scale = scale_of(trial.situation.train, trial.situation.test, trial.situation.spec.task)
    others = _tried(truth)
    now = float(truth.own.mean())
    best = min(now, scale.best, *others.values())
    signal = (scale.chance - best) / scale.chance
    harm = _lost(pair, truth)
    if signal > _NOISE_SIGNAL or harm < HARM:
        return Judged(trial.situation, reason=f"harm {harm:.2f}, signal {signal:.3f}")
    accepted = {"irreducible-noise"}
    if signal < _HARDLY_SIGNAL:
        accepted.add("no-signal")
    left = max(scale.chance - best, HARM * pair.scale.size)
    accepted |= {CODES[k] for k, v in others.items() if k in CODES and now - v >= REPAIR * left}
    return Judged(trial.situation, frozenset(accepted), {"harm": harm, "signal": signal})


def _tried(truth: Truth) -> dict[str, float]:
    """Return the loss of what trains another network."""
    return {name: float(loss.mean()) for name, loss in truth.others.items() if name != "temperature"}


def _judge_precision(pair: Pair, trial: Trial, truth: Truth) -> Judged:
    error = _error_of_rows(pair, trial.situation)
    clean = _error_of_rows(pair, pair.situation)
    if error < _IMPRECISE or clean > error / 2:
        return Judged(trial.situation, reason=f"error {error:.2f}, of all validation rows {clean:.2f}")
    return Judged(trial.situation, frozenset({"validation-too-small"}), {"error": error, "clean": clean})


def _judge_penalty(pair: Pair, trial: Trial, truth: Truth) -> Judged:
    found = gains(truth, pair.scale)
    lost = _lost(pair, truth)
    share = truth.penalty / pair.scale.size
    if share < _PENALTY or found["no penalty"] > MARGIN or lost > MARGIN:
        reason = f"penalty {share:.2f}, without it {found['no penalty']:+.2f}"
        return Judged(trial.situation, reason=reason)
    return Judged(trial.situation, frozenset({"penalty-in-loss"}), {"penalty": share, "lost": lost})


def _judge_both(pair: Pair, trial: Trial, truth: Truth) -> Judged:
    """Both faults must harm; each whose own repair brings back half of the harm is a right answer.

    Two faults that each spoil everything alone are both right answers: neither repair shows alone.
    """
    found = gains(truth, pair.scale)
    harm = _lost(pair, truth)
    repaired = {
        plant.code: found[f"undo {index}"]
        for index, plant in enumerate(trial.plants)
        if plant.judged == "training"
    }
    numbers = {"harm": harm, **repaired}
    if repaired and harm < max(HARM, 2 * truth.spread(pair.scale)):
        return Judged(trial.situation, reason=f"harm {harm:.2f}")
    accepted = {code for code, gain in repaired.items() if gain >= REPAIR * harm}
    if repaired and max(repaired.values()) < REPAIR * harm:
        accepted = {*repaired}
    elif any(gain < HARM / 2 for gain in repaired.values()):
        return Judged(trial.situation, reason="one of the two does little")
    for plant in trial.plants:
        if plant.judged == "precision":
            numbers[plant.code] = _error_of_rows(pair, trial.situation)
            counts = numbers[plant.code] >= _IMPRECISE
        elif plant.judged == "estimate":
            bias, error = _bias(pair, trial.situation, truth)
            numbers[plant.code], counts = bias, abs(bias) >= max(HARM, _SURE * error)
        else:
            continue
        if not counts:
            return Judged(trial.situation, reason=f"{plant.name} does little: {numbers[plant.code]:.2f}")
        accepted.add(plant.code)
    return Judged(trial.situation, frozenset(accepted), numbers)
