"""Something between inputs and loss is connected wrongly: the network cannot even memorize a few rows.

Look-alikes: `learning_rate_too_low` (memorizing succeeds at another rate), `dead_units` and
`unscaled_inputs` (it succeeds once they are mended), `no_signal` (a network that is wired well memorizes
noise). Told apart by a static reading of output, loss and frozen layers, by weights that no gradient
reaches, by memorizing 16 rows at several learning rates, and by the same network with its output and loss
set right. The loss before training, against
that of equal shares, adds to what the others say.

Source: Zhang et al., Understanding Deep Learning Requires Rethinking Generalization, 2017 (a network can
memorize random labels); Karpathy, A Recipe for Training Neural Networks, 2019 (loss at the start).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from wellfit.diagnosis._cause import MIN_GAIN, Cause, Ruling, cannot_tell, found, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import best_probe, confidence_of, evidence_of, number
from wellfit.diagnosis._probe import BASELINE, Probe, Situation
from wellfit.models import NetworkFacts
from wellfit.records import Task, Verdict

NUM_ROWS = 16
"""Rows to be memorized."""
MEMORIZED = 0.5
"""Share of the loss at chance that must have gone for rows to count as memorized."""
FAR = 2.0
"""Loss before training over that of equal shares, ln k, from which the start supports the other evidence.

Logits of variance v put it up to v / 2 (v / 8 for one unit) above ln k, and usual initializers on scaled
inputs draw a variance of at most 2: at most 1.7 times ln k. Never found by this alone: inputs in their own
units or large first weights start as far off in networks that are wired well, and updates mend that.
"""
_SUPPORT = 0.04
"""What a start that is far off adds to the confidence in a fault that was shown otherwise."""
_READ = 0.9  # confidence in what was read and not tried
_RATES = (1.0, 10.0, 0.1, 1000.0)
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
    if task is Task.REGRESSION:
        return _regression_faults(facts, low, high)
    units, activation, loss = facts.num_outputs, facts.activation, facts.loss_name
    rules = {
        "softmax on one unit always puts out 1": units == 1 and activation == "softmax",
        f"{loss} on one unit is constant: one unit needs binary_crossentropy": units == 1
        and loss in _CROSSENTROPIES[1:],
        f"{units} output units for {num_classes} classes: labels are out of range": units < num_classes
        and num_classes > 2,
        f"{units} output units for {num_classes} classes": units > max(num_classes, 2),
        "binary_crossentropy counts each of several classes by itself": loss == "binary_crossentropy"
        and units >= num_classes > 2,
        f"from_logits=True, and {activation} at the output: it is squashed twice": facts.from_logits
        and activation in _PROBABILITIES,
        f"from_logits=False, and {activation} at the output, which is no probability": loss in _CROSSENTROPIES
        and not facts.from_logits
        and activation not in (*_PROBABILITIES, "unknown"),
        f"{activation} at the output bounds the logits": facts.from_logits and activation in ("relu", "tanh"),
    }
    return tuple(sentence for sentence, holds in rules.items() if holds)


def label_faults(facts: NetworkFacts, labels: ArrayLike) -> tuple[str, ...]:
    """Return what is wrong with labels as they are given to `fit`, for which the loss expects fixed codes.

    Args:
        facts: what was read off the network.
        labels: ``[row]`` or ``[row, 1]``, before they are coded.

    Example:
        >>> from wellfit.models import dense_stack, read_network
        >>> network = dense_stack(2, Task.BINARY)
        >>> network.compile("adam", "binary_crossentropy")
        >>> label_faults(read_network(network), [1, 2, 2, 1])
        ('labels 1 to 2, and binary_crossentropy on one unit takes 0 and 1',)
    """
    values = np.asarray(labels)
    if values.dtype.kind not in "iuf" or values.size not in (len(values), 0) or not values.size:
        return ()
    low, high = float(values.min()), float(values.max())
    if facts.loss_name == "binary_crossentropy" and facts.num_outputs == 1:
        top, expected = 1, "binary_crossentropy on one unit takes 0 and 1"
    elif facts.loss_name == "sparse_categorical_crossentropy" and facts.num_outputs > 1:
        top = facts.num_outputs - 1
        expected = f"{facts.loss_name} on {facts.num_outputs} units takes 0 to {top}"
    else:
        return ()
    return () if low >= 0 and high <= top else (f"labels {low:g} to {high:g}, and {expected}",)


def _regression_faults(facts: NetworkFacts, low: float, high: float) -> tuple[str, ...]:
    wrong = list[str]()
    if facts.loss_name in _CROSSENTROPIES:
        wrong.append(f"loss {facts.loss_name} is for classes, the target is a number")
    if facts.activation == "softmax":
        wrong.append("softmax at the output puts out shares, the target is a number")
    elif facts.activation in _BOUNDED:
        floor, ceiling = _BOUNDED[facts.activation]
        if low < floor or high > ceiling:
            wrong.append(
                f"{facts.activation} at the output reaches {floor:g} to {ceiling:g}, "
                f"the target {low:.4g} to {high:.4g}"
            )
    return tuple(wrong)


def examine(evidence: Evidence) -> Ruling:
    """Found where the reading found a fault, or a few rows cannot be memorized."""
    wrong = evidence.facts.faults
    if evidence.facts.network.get("mixes_rows"):
        wrong = (*wrong, "the output of a row depends on the other rows of its batch")
    if evidence.facts.network.get("unreached"):
        wrong = (*wrong, f"no gradient reaches {evidence.facts.network['unreached']}")
    repairs = [name for name in ("repaired output and loss", "all layers trainable") if name in evidence.runs]
    best = best_probe(evidence, repairs) if repairs else None
    left = memory(evidence)
    numbers: dict[str, object] = {"read": list(wrong), "loss_left_after_memorizing": left}
    support = _SUPPORT if _start(evidence, numbers) >= FAR else 0.0
    if evidence.facts.network.get("unmoved"):
        numbers["weights_that_never_move"] = evidence.facts.network["unmoved"]
    frozen = evidence.situation.facts.frozen_layers
    if frozen:
        numbers["frozen_layers"] = list(frozen)
    if best is not None:
        numbers |= {"intervention": best[0], **evidence_of(best[1])}
    repairs_it = best is not None and best[1].estimate >= MIN_GAIN and best[1].p_value <= 0.05
    # Where the reading found nothing, a new output also starts anew: another change that gains as much
    # is the simpler explanation.
    others = max(_gains(evidence, without=repairs), default=0.0)
    if wrong:
        effect = best[1] if best is not None else None
        certain = 0.95 if repairs_it else 0.75 if best is not None else _READ
        return found(certain + support, numbers, effect, tier=0, score=2.0 if repairs_it else 0.5)
    if repairs_it and best is not None and best[1].estimate > others:
        return found(confidence_of(best[1]), numbers, best[1], score=best[1].estimate + 0.05)
    if left is None:
        return cannot_tell("memorizing a few rows was not tried", numbers)
    if left > 1 - MEMORIZED:
        if others > MIN_GAIN:
            return silent("a few rows cannot be memorized as it stands, and another change mends it", numbers)
        return found(0.7 + support, numbers, tier=1, score=0.3)
    return silent("output and loss fit the target, and a few rows can be memorized", numbers)


def _start(evidence: Evidence, numbers: dict[str, object]) -> float:
    """Note the loss before training, and return it over that of equal shares; 0 where unknown."""
    network = evidence.facts.network
    first, uniform = number(network.get("initial_loss")), number(network.get("chance_loss_uniform"), 0.0)
    if not np.isfinite(first) or uniform <= 0:
        return 0.0
    numbers |= {"initial_loss": first, "chance_loss_uniform": uniform}
    if first >= FAR * uniform:
        numbers["start"] = f"before training the loss is {first / uniform:.2g} times that of equal shares"
    return first / uniform


def read_ruling(wrong: Sequence[str]) -> Ruling:
    """Judge by the reading alone, for networks that there was no time to train."""
    return found(_READ, {"read": list(wrong)}, tier=0) if wrong else cannot_tell("nothing was trained")


def _gains(evidence: Evidence, *, without: Sequence[str]) -> list[float]:
    """Return the gains, the larger of both looks, of what trains on true labels and all rows."""
    usable = [
        name
        for name, probe in evidence.probes.items()
        if probe.labels == "true" and not probe.num_rows and probe.rows == 1 and name in evidence.runs
    ]
    names = [name for name in usable if name != BASELINE and name not in without]
    effects = [evidence.effect(name, fresh=fresh) for name in names for fresh in (True, False)]
    return [effect.estimate for effect in effects if effect is not None]


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
        "two classes: one unit, sigmoid, binary_crossentropy",
        "k classes: k units, softmax, sparse_categorical_crossentropy",
        "a linear output for numbers",
        "make the layers trainable that must learn",
    ),
    examine=examine,
    probes=probes,
)
