"""Something between inputs and loss is connected wrongly: the network cannot even memorize a few rows.

Look-alikes: `learning_rate_too_low` (memorizing succeeds at another rate), `dead_units` and
`unscaled_inputs` (it succeeds once they are mended), `no_signal` (a network that is wired well memorizes
noise). Told apart by a static reading of output, loss and frozen layers, by memorizing 16 rows at several
learning rates, and by the same network with its output and loss set right.

Source: Zhang et al., Understanding Deep Learning Requires Rethinking Generalization, 2017 (a network can
memorize random labels).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wellfit.diagnosis._cause import MIN_GAIN, Cause, Ruling, cannot_tell, found, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import best_probe, confidence_of, evidence_of
from wellfit.diagnosis._probe import Probe, Situation
from wellfit.models import NetworkFacts
from wellfit.records import Task, Verdict

NUM_ROWS = 16
"""Rows to be memorized."""
MEMORIZED = 0.5
"""Share of the loss at chance that must have gone for rows to count as memorized."""
_RATES = (1.0, 10.0, 0.1)
_CROSSENTROPIES = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")
_BOUNDED = {"sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, np.inf)}
_PROBABILITIES = ("sigmoid", "softmax", "hard_sigmoid")


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for memorizing a few rows, and for the repaired network where the reading found a fault."""
    own = situation.settings.learning_rate
    asked = [
        Probe(
            name=f"memorize {NUM_ROWS} rows, learning rate x{factor:g}",
            changes={"learning_rate": own * factor, "dropout_scale": 0.0, "penalty_scale": 0.0},
            num_rows=NUM_ROWS,
        )
        for factor in _RATES
    ]
    asked.append(Probe(name="repaired output and loss", network="repaired"))
    if situation.facts.frozen_layers:
        asked.append(Probe(name="all layers trainable", network="unfrozen"))
    return asked


def faults(
    facts: NetworkFacts, task: Task, num_classes: int, low: float = 0.0, high: float = 1.0
) -> tuple[str, ...]:
    """Return what is wrong with output and loss for certain, in a sentence each.

    Args:
        facts: what was read off the network.
        task: what kind of target there is.
        num_classes: of the target; 0 for regression.
        low: smallest value of a regression target.
        high: largest value of a regression target.
    """
    wrong: list[str] = []
    units, activation, loss = facts.num_outputs, facts.activation, facts.loss_name
    if task is Task.REGRESSION:
        if loss in _CROSSENTROPIES:
            wrong.append(f"loss {loss} is for classes, the target is a number")
        if activation == "softmax":
            wrong.append("softmax at the output puts out shares, the target is a number")
        elif activation in _BOUNDED:
            floor, ceiling = _BOUNDED[activation]
            if low < floor or high > ceiling:
                wrong.append(
                    f"{activation} at the output reaches {floor:g} to {ceiling:g}, "
                    f"the target {low:.4g} to {high:.4g}"
                )
        return tuple(wrong)
    needed = 1 if num_classes == 2 else num_classes
    if units == 1 and activation == "softmax":
        wrong.append("softmax on one unit always puts out 1")
    if units == 1 and loss in _CROSSENTROPIES[1:]:
        wrong.append(f"{loss} on one unit is constant: one unit needs binary_crossentropy")
    if num_classes > 2 and units < num_classes:
        wrong.append(f"{units} output units for {num_classes} classes: labels are out of range")
    if units > 1 and units > max(num_classes, 2):
        wrong.append(f"{units} output units for {num_classes} classes")
    if num_classes > 2 and loss == "binary_crossentropy" and units >= needed:
        wrong.append("binary_crossentropy on several classes counts each class by itself")
    if loss in _CROSSENTROPIES:
        if facts.from_logits and activation in _PROBABILITIES:
            wrong.append(f"from_logits=True, and {activation} at the output: it is squashed twice")
        if not facts.from_logits and activation not in (*_PROBABILITIES, "unknown"):
            wrong.append(f"from_logits=False, and {activation} at the output, which is no probability")
        if activation in ("relu", "tanh") and facts.from_logits:
            wrong.append(f"{activation} at the output bounds the logits")
    return tuple(wrong)


def examine(evidence: Evidence) -> Ruling:
    """Found where the reading found a fault, or a few rows cannot be memorized."""
    reading = evidence.facts.network.get("faults", ())
    wrong = list(reading) if isinstance(reading, tuple) else []
    repairs = [name for name in ("repaired output and loss", "all layers trainable") if name in evidence.runs]
    best = best_probe(evidence, repairs) if repairs else None
    left = memory(evidence)
    numbers: dict[str, object] = {"read": wrong, "loss_left_after_memorizing": left}
    frozen = evidence.situation.facts.frozen_layers
    if frozen:
        numbers["frozen_layers"] = list(frozen)
    if best is not None:
        numbers |= {"intervention": best[0], **evidence_of(best[1])}
    repairs_it = best is not None and best[1].estimate >= MIN_GAIN and best[1].p_value <= 0.05
    if wrong:
        effect = best[1] if best is not None else None
        certain = 0.95 if repairs_it else 0.75
        return found(certain, numbers, effect, tier=0, score=2.0 if repairs_it else 0.5)
    if repairs_it and best is not None:
        return found(confidence_of(best[1]), numbers, best[1], score=best[1].estimate + 0.05)
    if left is None:
        return cannot_tell("memorizing a few rows was not tried", numbers)
    if left > 1 - MEMORIZED:
        others = [n for n in evidence.runs if n not in repairs and evidence.probes[n].labels == "true"]
        rescue = best_probe(evidence, [n for n in others if not evidence.probes[n].num_rows])
        if rescue is not None and rescue[1].estimate > 4 * MIN_GAIN:
            return silent(f"a few rows cannot be memorized as it stands, and {rescue[0]} mends it", numbers)
        return found(0.7, numbers, tier=1, score=0.3)
    return silent("output and loss fit the target, and a few rows can be memorized", numbers)


def memory(evidence: Evidence) -> float | None:
    """Return the share of the chance loss that is left after memorizing a few rows, at the best rate."""
    left: list[float] = []
    for factor in _RATES:
        runs = evidence.runs.get(f"memorize {NUM_ROWS} rows, learning rate x{factor:g}")
        if runs is not None:
            lowest = np.min(np.where(np.isfinite(runs.train_loss), runs.train_loss, np.inf), axis=1)
            left.append(float(np.median(lowest)) / max(abs(evidence.chance_loss), 1e-9))
    return min(left) if left else None


CAUSE = Cause(
    code="wiring",
    family=Verdict.NOT_LEARNING,
    experiment="output, loss and frozen layers read; 16 rows memorized; the output and loss set right",
    remedies=(
        "one unit with sigmoid and binary_crossentropy, k units with softmax and sparse_categorical_crossentropy",
        "a linear output for numbers",
        "make the layers trainable that must learn",
    ),
    examine=examine,
    probes=probes,
)
