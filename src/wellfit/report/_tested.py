"""Which causes the remedies of a study speak for or against: a remedy undoes one cause and is its experiment.

A study has no experiments of its own for causes, but each remedy that changes one thing in one direction is
one: where more regularization helps, it was too weak; where it does not, that is not the cause.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from wellfit.records import Remedy, Report
from wellfit.report._causes import meaning
from wellfit.report._figures import ForestFigure, ForestRow, forest_axis
from wellfit.report._numbers import column_decimals, effect_line
from wellfit.report._summary import ordered, reading
from wellfit.report._words import clean, count

Ruling = Literal["supported", "looks so", "not supported", "ruled out", "cannot tell", "not tried"]

# More of it undoes the first cause, less of it the second.
_BY_DIRECTION = {
    **dict.fromkeys(
        (
            "l1",
            "l2",
            "weight_decay",
            "penalty_scale",
            "dropout",
            "dropout_scale",
            "map_dropout",
            "label_smoothing",
            "orthogonality",
            "activity_l2",
            "l2_sp",
            "stochastic_depth",
            "max_norm",
            "input_noise",
            "input_dropout",
            "mixup",
            "cutmix",
            "adversarial",
            "random_flip",
            "random_translation",
            "random_brightness",
            "random_contrast",
            "random_erasing",
            "random_rotation",
            "random_zoom",
            "random_shear",
            "random_crop",
            "random_saturation",
            "random_hue",
            "random_noise",
            "rand_augment",
        ),
        ("weak-regularization", "over-regularized"),
    ),
    "width": ("insufficient-capacity", "excess-capacity"),
    "depth": ("insufficient-capacity", "excess-capacity"),
    "epochs": ("too-few-epochs", "trained-too-long"),
    "learning_rate": ("learning-rate-too-low", "learning-rate-too-high"),
}
_BY_CHANGE = {
    "scaling": "unscaled-inputs",
    "outliers": "unscaled-inputs",
    "class_weight": "class-imbalance",
    "suspects": "label-noise",
}
_ORDER: tuple[Ruling, ...] = (
    "supported",
    "looks so",
    "cannot tell",
    "not supported",
    "ruled out",
    "not tried",
)


@dataclass(frozen=True, kw_only=True)
class CauseTested:
    """What the remedies of a study say about one possible cause.

    Attributes:
        code: the cause.
        meaning: what it means, in a few words.
        ruling: what came of it.
        best: the remedy that speaks for it most; None where none was measured.
        num_remedies: remedies that would undo it.
        num_measured: of these, how many were measured.
        reason: the ruling in one sentence, with numbers.
    """

    code: str
    meaning: str
    ruling: Ruling
    best: Remedy | None
    num_remedies: int
    num_measured: int
    reason: str


def cause_undone(changes: Mapping[str, object], report: Report) -> str:
    """Return the cause that a change of settings undoes, or an empty string where it is none or several."""
    baseline = dataclasses.asdict(report.baseline)
    found = {
        _cause_of(name, value, baseline.get(name), report)
        for name, value in changes.items()
        if value != baseline.get(name)
    }
    return found.pop() if len(found) == 1 else ""


def _cause_of(name: str, value: object, before: object, report: Report) -> str:
    if name in _BY_CHANGE:
        return _BY_CHANGE[name]
    if name == "patience":
        return "trained-too-long" if not before else "too-few-epochs" if not value else ""
    if name not in _BY_DIRECTION or not isinstance(value, (int, float)):
        return ""
    if before is None:
        # The network's own dropout: no dropout is among the remedies only where it has some.
        has_own = any(remedy.settings == {name: 0.0} for remedy in report.remedies)
        if has_own and value:
            return ""
        before = 1.0 if has_own else 0.0
    if not isinstance(before, (int, float)):
        return ""
    # A norm without bound is 0, and any bound holds the network back.
    more = (not before or 0 < value < before) if name == "max_norm" else value > before
    return _BY_DIRECTION[name][0 if more else 1]


def causes_tested(report: Report) -> tuple[CauseTested, ...]:
    """Return what the remedies say about each cause that any of them would undo, supported ones first."""
    groups: dict[str, list[Remedy]] = {}
    for remedy in report.remedies:
        code = cause_undone(remedy.settings, report)
        if code:
            groups.setdefault(code, []).append(remedy)
    found = [_tested(code, tuple(remedies)) for code, remedies in groups.items()]
    return tuple(sorted(found, key=lambda one: (_ORDER.index(one.ruling), -_estimate(one.best))))


def _estimate(remedy: Remedy | None) -> float:
    return remedy.effect.estimate if remedy is not None and remedy.effect is not None else -math.inf


def _tested(code: str, remedies: tuple[Remedy, ...]) -> CauseTested:
    measured = [one for one in ordered(remedies) if reading(one.effect) != "not measured"]
    best = _telling(measured)
    ruling = _ruling(measured, best)
    return CauseTested(
        code=code,
        meaning=meaning(code),
        ruling=ruling,
        best=best,
        num_remedies=len(remedies),
        num_measured=len(measured),
        reason=_reason(ruling, best, measured, len(remedies)),
    )


def _telling(measured: list[Remedy]) -> Remedy | None:
    """Return the remedy that speaks most for the cause: the best that is confirmed to help, else the best."""
    proven = [one for one in measured if one.stage == "confirmed" and reading(one.effect) == "better"]
    return max(proven or measured, key=_estimate, default=None)


def _ruling(measured: list[Remedy], best: Remedy | None) -> Ruling:
    if best is None or best.effect is None:
        return "not tried"
    if reading(best.effect) == "better":
        return "supported" if best.stage == "confirmed" else "looks so"
    if all(one.effect is not None and one.effect.high <= 0 for one in measured):
        return "ruled out"
    return "not supported" if best.effect.estimate <= 0 else "cannot tell"


def _reason(ruling: Ruling, best: Remedy | None, measured: list[Remedy], num: int) -> str:
    if best is None or best.effect is None:
        what = "The one remedy" if num == 1 else f"None of the {num:,} remedies"
        return f"{what} that would undo it could {'not ' if num == 1 else ''}be measured."
    name, effect, unit = clean(best.name), best.effect, clean(best.effect.unit).replace("_", " ")
    gain = f"{name} gains {effect_line(effect)} in {unit}"
    among = "the only one measured" if len(measured) == 1 else f"the best of {len(measured):,}"
    undoing = "Undoing it" if len(measured) == 1 else f"Each of the {len(measured):,} ways to undo it"
    return {
        "supported": f"{gain}, on fresh splits.",
        "looks so": f"{gain} in the screen, {among}; that was not confirmed on fresh splits.",
        "cannot tell": f"{gain}, {among}: that can be noise.",
        "not supported": f"Nothing that would undo it looked better: {name} {effect_line(effect)}, {among}.",
        "ruled out": f"{undoing} makes the network worse: {name} {effect_line(effect)}.",
        "not tried": "",
    }[ruling]


def causes_figure(tested: tuple[CauseTested, ...], metric: str) -> ForestFigure | None:
    """Return the most telling experiment for each cause as a forest plot; None where nothing was measured."""
    known = [one for one in tested if one.best is not None and one.best.effect is not None]
    known = [one for one in known if one.best and one.best.effect and one.best.effect.unit == metric]
    if not known:
        return None
    places = column_decimals(one.best.effect for one in known if one.best is not None)
    rows = tuple(_row(one, places) for one in known)
    lower, upper = forest_axis(rows)
    return ForestFigure(
        unit=clean(metric),
        rows=rows,
        lower=lower,
        upper=upper,
        num_left_out=0,
        description=f"The most telling remedy for each of {count(len(rows), 'possible cause')}: "
        + "; ".join(f"{row.label} {row.numbers}, {one.ruling}" for row, one in zip(rows, known, strict=True))
        + ".",
        headings=("Undone on fresh splits", "Undone in the screen only"),
        kept_mark="",
    )


def _row(one: CauseTested, places: int | None) -> ForestRow:
    assert one.best is not None
    assert one.best.effect is not None
    effect = one.best.effect
    return ForestRow(
        label=one.code,
        estimate=effect.estimate,
        low=effect.low,
        high=effect.high,
        confirmed=one.best.stage == "confirmed",
        kept=one.ruling == "supported",
        reading=reading(effect),
        numbers=effect_line(effect, places),
    )
