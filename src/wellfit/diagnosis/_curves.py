"""The verdict from training curves alone: no network, no data.

Features that do not depend on the scale of the loss (`_curve_features`) are weighed by a logistic regression
(`_curve_weights`) that was fitted to runs whose true verdict was measured on unseen test rows
(`benchmarks/curves.py`). Its probability is the confidence; where no verdict is likely enough the answer is
``inconclusive``. What curves cannot tell (why, and whether another network would do better) is said.

Source:
    Prechelt, Early Stopping - But When?, 1998 (generalization loss and progress of smoothed curves).
    Li et al., Keeping Deep Learning Models in Check: A History-Based Approach to Mitigate Overfitting, 2024.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from wellfit.diagnosis._curve_features import (
    accuracy_features,
    joint_features,
    score,
    shape,
    validation_features,
)
from wellfit.diagnosis._curve_text import finding, unknown, verdict_line
from wellfit.diagnosis._curve_weights import ACCURACIES, LOSSES, WORSE
from wellfit.diagnosis._history import Curve, History
from wellfit.records import CurvePair, Diagnosis, Examined, Finding, Outcome, Verdict

MIN_EPOCHS = 4
"""Below this many epochs only divergence is called: two or three losses have no shape."""

SURE_EPOCHS = 20
"""From this many epochs on confidence is not reduced: shorter runs were not in the corpus."""

MIN_CONFIDENCE = 0.4
"""Of four verdicts the likeliest is not given where it is less likely than this."""

MAX_CONFIDENCE = 0.97
"""What curves show is never certain: the best of the corpus' classes are right about so often."""

MIN_RISE = 0.02
"""Overfitting is not called where the end lies less than 2 % above the best: seeds differ by as much."""

FLAT = 1e-3
"""A training loss that never moves by this share of itself is not learning."""

_MOST = 0.5  # of the epochs: where fewer have an accuracy, what is filled in would be judged

_KEYS = {"loss": ("loss", "val_loss"), "error rate": ("accuracy", "val_accuracy")}
_CODES = {
    "trained-too-long": Verdict.OVERFITTING,
    "too-few-epochs": Verdict.UNDERFITTING,
    "learning-rate-too-high": Verdict.NOT_LEARNING,
}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What was concluded, before it is put into words.

    Attributes:
        verdict: the verdict.
        confidence: 0 to 1.
        why: which rule spoke: ``weighed``, ``diverged``, ``flat``, ``short``,
            ``zero training``, ``zero validation``, ``no validation``, ``unsure``.
        probabilities: verdict to probability, where they were weighed.
    """

    verdict: Verdict
    confidence: float
    why: str
    probabilities: Mapping[str, float]


def judge_curves(history: History) -> Diagnosis:
    """Return the verdict that training curves support; use it where only a history is left.

    Args:
        history: from `read_history`.

    Returns:
        A verdict (``healthy``, ``overfitting``, ``underfitting``, ``not-learning`` or ``inconclusive``) with
        its confidence, at most one finding, the numbers it rests on, and what curves cannot tell. Losses may
        have any scale and sign; without losses, one minus accuracy is judged.

    Example:
        >>> from wellfit.diagnosis._history import read_history
        >>> falling = [0.7 * 0.95**epoch for epoch in range(60)]
        >>> rising = [0.5 + 0.3 * (0.9**epoch + 0.012 * epoch) for epoch in range(60)]
        >>> judge_curves(read_history({"loss": falling, "val_loss": rising})).verdict.value
        'overfitting'
    """
    train, validation, name = _watched(history)
    notes = history.notes
    if train is not None and np.isfinite(train).any() and validation is not None and _is_nan(validation):
        # Training went on: what is wrong is in the validation rows, not in the learning rate.
        validation = None
        notes = (*notes, f"The validation {name} was never a number: look for such values in its rows.")
    has_diverged = any(
        _diverged(history.measured(key))
        for key, curve in zip(_KEYS[name], (train, validation), strict=True)
        if curve is not None
    )
    hits = None if name != "loss" else _hits(history)
    judged = _judge(train, validation, hits, has_diverged=has_diverged)
    numbers = _numbers(train, validation, judged) | _accuracies(history)
    found = _finding(judged, numbers)
    if name != "loss":
        notes = (*notes, "There is no loss: one minus accuracy is judged in its place.")
    return Diagnosis(
        verdict=judged.verdict,
        verdict_line=verdict_line(judged.verdict, judged.why, name, numbers),
        confidence=judged.confidence,
        findings=(found,) if found else (),
        examined=_examined(judged, found),
        unknown=unknown(judged.verdict, judged.why, has_validation=validation is not None),
        numbers=numbers,
        curves=(_pair(train, validation, numbers),),
        notes=notes,
    )


def _watched(history: History) -> tuple[Curve | None, Curve | None, str]:
    """Return training and validation curve, the lower the better, and what they are."""
    train, validation = history.curve("loss"), history.curve("val_loss")
    if train is not None or validation is not None:
        return train, validation, "loss"
    hits, val_hits = history.curve("accuracy"), history.curve("val_accuracy")
    return None if hits is None else 1.0 - hits, None if val_hits is None else 1.0 - val_hits, "error rate"


def _hits(history: History) -> tuple[Curve, Curve] | None:
    """Return training and validation accuracy where both are shares, measured in most epochs."""
    curves = [history.curve(key) for key in _KEYS["error rate"]]
    known = [curve for curve in curves if curve is not None and np.isfinite(curve).mean() > _MOST]
    if len(known) < len(curves) or any(np.nanmin(c) < 0 or np.nanmax(c) > 1 for c in known):
        return None
    return _whole(known[0]), _whole(known[1])


def _judge(
    train: Curve | None, validation: Curve | None, hits: tuple[Curve, Curve] | None, *, has_diverged: bool
) -> Judged:
    if has_diverged:
        return Judged(verdict=Verdict.NOT_LEARNING, confidence=0.9, why="diverged", probabilities={})
    if _num_measured(train, validation) < MIN_EPOCHS:
        return _inconclusive("short")
    for curve, side in ((train, "training"), (validation, "validation")):
        if curve is not None and not curve[np.isfinite(curve)].any():
            return _inconclusive(f"zero {side}")  # nothing was measured, or nothing is left to learn
    if train is not None and _is_flat(train) and (validation is None or _is_flat(validation)):
        return Judged(verdict=Verdict.NOT_LEARNING, confidence=0.8, why="flat", probabilities={})
    if validation is None:
        return _inconclusive("no validation")
    return _weigh(train, validation, hits)


def _weigh(train: Curve | None, validation: Curve, hits: tuple[Curve, Curve] | None) -> Judged:
    length = len(validation)
    after = shape(_whole(validation))
    if train is None:
        worse = 1.0 / (1.0 + np.exp(-score(validation_features(after, length), WORSE)))
        likely = {Verdict.OVERFITTING.value: float(worse), Verdict.HEALTHY.value: float(1.0 - worse)}
    else:
        features = joint_features(shape(_whole(train)), after, length)
        weighed = LOSSES
        if hits is not None:
            features, weighed = features | accuracy_features(*hits), ACCURACIES
        scores = {name: score(features, weights) for name, weights in weighed.items()}
        top = max(scores.values())
        odds = {name: float(np.exp(value - top)) for name, value in scores.items()}
        likely = {name: value / sum(odds.values()) for name, value in odds.items()}
    best = max(likely, key=lambda name: likely[name])
    confidence = min(likely[best], MAX_CONFIDENCE)
    if length < SURE_EPOCHS:
        confidence *= 0.5 + 0.5 * length / SURE_EPOCHS
    unfounded = best == Verdict.OVERFITTING.value and after.rise < MIN_RISE
    if confidence < MIN_CONFIDENCE or unfounded:
        return _inconclusive("unsure", likely)
    return Judged(verdict=Verdict(best), confidence=confidence, why="weighed", probabilities=likely)


def _inconclusive(why: str, likely: Mapping[str, float] | None = None) -> Judged:
    """Return no verdict; its confidence is how likely it is that the likeliest is wrong, 0 without any."""
    doubt = 1.0 - max(likely.values()) if likely else 0.0
    return Judged(verdict=Verdict.INCONCLUSIVE, confidence=doubt, why=why, probabilities=likely or {})


def _num_measured(train: Curve | None, validation: Curve | None) -> int:
    """Return how many epochs have a value, on the side that has more."""
    return max(int(np.isfinite(curve).sum()) for curve in (train, validation) if curve is not None)


def _is_nan(curve: Curve) -> bool:
    return bool(np.isnan(curve).all())


def _diverged(curve: Curve) -> bool:
    """Return whether a curve ends without a finite value; single gaps are epochs that were not measured."""
    finite = np.isfinite(curve)
    if np.isinf(curve).any() and not finite[-1]:
        return True
    if not finite.any():
        return True
    known = np.flatnonzero(finite)
    usual_gap = int(np.diff(known).max(initial=1))
    return bool(len(curve) - 1 - known[-1] >= max(usual_gap, 1))


def _is_flat(curve: Curve) -> bool:
    known = curve[np.isfinite(curve)]
    size = float(np.abs(known).max())
    return size > 0.0 and float(known.max() / size - known.min() / size) < FLAT


def _whole(curve: Curve) -> Curve:
    """Return the curve with epochs that have no value filled from their neighbours."""
    finite = np.isfinite(curve)
    epochs = np.arange(len(curve))
    return curve if finite.all() else np.interp(epochs, epochs[finite], curve[finite])


def _numbers(train: Curve | None, validation: Curve | None, judged: Judged) -> dict[str, float]:
    """Return what the verdict rests on; names as in `Diagnosis.numbers`."""
    length = max(len(curve) for curve in (train, validation) if curve is not None)
    numbers: dict[str, float] = {"num_epochs": float(length)}
    if judged.why == "short":
        numbers["num_measured"] = float(_num_measured(train, validation))
    for name, curve in (("train_loss", train), ("validation_loss", validation)):
        if curve is None or not np.isfinite(curve).any():
            continue
        form = shape(_whole(curve))
        known = curve[np.isfinite(curve)]
        numbers |= {name: float(known[-1])}
        numbers |= {f"first_{name}": float(known[0]), f"best_{name}": float(known.min())}
        numbers |= {f"late_fall_{name}": form.late, f"noise_{name}": form.noise}
        if curve is validation or validation is None:
            numbers |= {"best_epoch": float(np.nanargmin(np.where(np.isfinite(curve), curve, np.nan)) + 1)}
            numbers |= {"smooth_best_epoch": float(form.best_epoch + 1), "rise": form.rise}
    if "train_loss" in numbers and "validation_loss" in numbers:
        numbers["gap"] = numbers["validation_loss"] - numbers["train_loss"]
    return numbers | {f"probability_{name}": value for name, value in judged.probabilities.items()}


def _accuracies(history: History) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for key, name in (("accuracy", "train_accuracy"), ("val_accuracy", "validation_accuracy")):
        curve = history.curve(key)
        if curve is not None and np.isfinite(curve).any():
            known = curve[np.isfinite(curve)]
            numbers |= {name: float(known[-1]), f"best_{name}": float(known.max())}
    return numbers


def _finding(judged: Judged, numbers: Mapping[str, float]) -> Finding | None:
    """Return the one cause that curves can show for this verdict, if they do."""
    code = ""
    if judged.why == "diverged":
        code = "learning-rate-too-high"
    elif judged.verdict is Verdict.OVERFITTING:
        code = "trained-too-long"
    elif judged.verdict is Verdict.UNDERFITTING:
        sides = ("train_loss", "validation_loss")
        falls = [numbers.get(f"late_fall_{side}", 0.0) for side in sides]
        noise = [numbers.get(f"noise_{side}", 0.0) for side in sides]
        moving = all(fall > 2.0 * spread for fall, spread in zip(falls, noise, strict=True))
        code = "too-few-epochs" if moving and min(falls) > 0.0 else ""
    return finding(code, _CODES[code], judged.confidence, numbers) if code else None


def _examined(judged: Judged, found: Finding | None) -> tuple[Examined, ...]:
    silent = Outcome.CANNOT_TELL if judged.verdict is Verdict.INCONCLUSIVE else Outcome.SILENT
    return tuple(
        Examined(code=code, outcome=Outcome.FOUND if found and found.code == code else silent)
        for code in _CODES
    )


def _pair(train: Curve | None, validation: Curve | None, numbers: Mapping[str, float]) -> CurvePair:
    length = max(len(curve) for curve in (train, validation) if curve is not None)
    blank = np.full(length, np.nan, np.float32)
    with np.errstate(over="ignore"):
        sides = [blank if curve is None else curve.astype(np.float32) for curve in (train, validation)]
    best_epoch = int(numbers.get("best_epoch", 0)) - 1
    return CurvePair(name="baseline", train_loss=sides[0], validation_loss=sides[1], best_epoch=best_epoch)
