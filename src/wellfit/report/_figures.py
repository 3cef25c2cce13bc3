"""Data before drawing: a report becomes small records that say what a figure shows; `_svg` draws them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from wellfit.records import Remedy, Report
from wellfit.report._numbers import column_decimals, effect_line, number
from wellfit.report._summary import ordered, reading, settings_line
from wellfit.report._words import clean, count

MOST_SCREENED_ROWS = 60
MOST_COMBINATIONS = 8
COMBINATION = "search-"  # what names of combinations begin with
MOST_CLASSES = 12
MOST_TIMES_WIDER = 5
"""By so much the axis of the screen may be wider than that of what is confirmed in one figure."""


@dataclass(frozen=True, kw_only=True)
class ForestRow:
    """One effect in a forest plot.

    Attributes:
        label: the remedy's name.
        estimate: mean improvement; NaN is not drawn.
        low: lower end of the interval, or NaN.
        high: upper end of the interval, or NaN.
        confirmed: whether it was measured on fresh splits and seeds.
        kept: whether the chosen network has it.
        reading: better, worse or cannot tell.
        numbers: estimate and interval as text.
    """

    label: str
    estimate: float
    low: float
    high: float
    confirmed: bool
    kept: bool
    reading: str
    numbers: str


@dataclass(frozen=True, kw_only=True)
class ForestFigure:
    """Effects in one unit, confirmed ones first.

    Attributes:
        unit: what is measured.
        rows: from top to bottom.
        lower: left end of the axis; what lies beyond is drawn as an arrow.
        upper: right end of the axis.
        num_left_out: screened remedies that are in the table only.
        description: the figure in words, for those who do not see it.
        axis_label: what the axis measures; ``improvement in <unit>`` if empty.
        headings: over confirmed and over other rows.
        kept_mark: stands behind the numbers of kept rows.
    """

    unit: str
    rows: tuple[ForestRow, ...]
    lower: float
    upper: float
    num_left_out: int
    description: str
    axis_label: str = ""
    headings: tuple[str, str] = ("Confirmed", "Screened only")
    kept_mark: str = "  kept"


@dataclass(frozen=True, kw_only=True)
class ConfusionFigure:
    """Counts of true against predicted classes.

    Attributes:
        labels: class names.
        counts: one row a true class, one column a predicted class.
        shares: the same, each row divided by its sum (0 for a class without rows).
        description: the figure in words.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    shares: tuple[tuple[float, ...], ...]
    description: str


def forest_figures(report: Report, *, apart: bool = False) -> tuple[ForestFigure, ...]:
    """Return a forest figure for each unit that effects are measured in, the study's metric first."""
    return remedy_forests(report.remedies, report.metric.name, apart=apart)


def remedy_forests(
    remedies: tuple[Remedy, ...], first: str = "", *, apart: bool = False
) -> tuple[ForestFigure, ...]:
    """Return a forest figure for each unit of the effects; `first` names the unit that comes first.

    With `apart` confirmed effects have a figure of their own where the axis of the screen would hide them.
    """
    measured = [remedy for remedy in ordered(remedies) if reading(remedy.effect) != "not measured"]
    units = {remedy.effect.unit for remedy in measured if remedy.effect is not None}
    return tuple(
        figure
        for unit in sorted(units, key=lambda unit: (unit != first, unit))
        for figure in (_forests(unit, measured) if apart else (_forest(unit, measured),))
    )


def _forests(unit: str, measured: Sequence[Remedy]) -> tuple[ForestFigure, ...]:
    """Return one figure, or one for each stage where the screen's axis would hide what is confirmed."""
    whole = _forest(unit, measured)
    parts = tuple(
        _forest(unit, [remedy for remedy in measured if remedy.stage == stage])
        for stage in ("confirmed", "screened")
    )
    widths = [part.upper - part.lower for part in parts if part.rows]
    return parts if len(widths) == 2 and widths[1] > MOST_TIMES_WIDER * widths[0] else (whole,)


def _forest(unit: str, measured: Iterable[Remedy]) -> ForestFigure:
    mine = [remedy for remedy in measured if remedy.effect is not None and remedy.effect.unit == unit]
    confirmed = [remedy for remedy in mine if remedy.stage == "confirmed"]
    screened = [remedy for remedy in mine if remedy.stage == "screened"]
    few = _without_most_combinations(screened)[:MOST_SCREENED_ROWS]
    shown = confirmed + few
    places = column_decimals(remedy.effect for remedy in shown)
    rows = tuple(_forest_row(remedy, places) for remedy in shown)
    lower, upper = forest_axis(rows)
    return ForestFigure(
        unit=clean(unit),
        rows=rows,
        lower=lower,
        upper=upper,
        num_left_out=len(screened) - len(few),
        description=_forest_words(unit, rows),
    )


def _without_most_combinations(screened: Sequence[Remedy]) -> list[Remedy]:
    """Return single remedies and the first combinations: a search ends in many that are nearly alike."""
    combined = [remedy for remedy in screened if remedy.name.startswith(COMBINATION)]
    left_out = {id(remedy) for remedy in combined[MOST_COMBINATIONS:]}
    return [remedy for remedy in screened if id(remedy) not in left_out]


def _forest_row(remedy: Remedy, places: int | None) -> ForestRow:
    effect = remedy.effect
    assert effect is not None
    return ForestRow(
        label=clean(remedy.name) if remedy.name.strip() else settings_line(remedy),
        estimate=effect.estimate,
        low=effect.low,
        high=effect.high,
        confirmed=remedy.stage == "confirmed",
        kept=remedy.kept,
        reading=reading(effect),
        numbers=effect_line(effect, places),
    )


def forest_axis(rows: tuple[ForestRow, ...]) -> tuple[float, float]:
    """Return ends that hold zero and most intervals; one wild remedy must not flatten all others."""
    ends = [value for row in rows for value in (row.estimate, row.low, row.high) if math.isfinite(value)]
    reach = [abs(value) for value in ends] or [1.0]
    important = [abs(row.estimate) for row in rows if row.confirmed and math.isfinite(row.estimate)]
    limit = max(4 * float(np.median(reach)), 1.3 * max(important, default=0.0)) or 1.0
    lower = max(min([*ends, 0.0]), -limit)
    upper = min(max([*ends, 0.0]), limit)
    margin = 0.06 * (upper - lower) or 1.0
    return lower - margin, upper + margin


def _forest_words(unit: str, rows: tuple[ForestRow, ...]) -> str:
    confirmed = [row for row in rows if row.confirmed]
    tally = {kind: sum(row.reading == kind for row in rows) for kind in ("better", "worse", "cannot tell")}
    parts = [
        f"Forest plot of {count(len(rows), 'effect')} on {clean(unit)}, positive is better than the baseline:"
        f" {tally['better']} better, {tally['worse']} worse, {tally['cannot tell']} cannot tell."
    ]
    parts += [f"Confirmed: {row.label} {row.numbers}{', kept' if row.kept else ''}." for row in confirmed[:8]]
    if not confirmed:
        parts.append("None was confirmed on fresh splits.")
    return " ".join(parts)


def confusion_figure(report: Report) -> ConfusionFigure | None:
    """Return the confusion matrix of the chosen network, or None where there is none."""
    if report.confusion is None or not report.confusion.size:
        return None
    counts = np.asarray(report.confusion)
    names = report.class_names if len(report.class_names) == len(counts) else ()
    labels = tuple(clean(name) for name in names) or tuple(str(code) for code in range(len(counts)))
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    right, total = int(np.trace(counts)), int(counts.sum())
    recalls = (
        f"{labels[k]} {number(100 * float(shares[k, k]))} %" for k in range(min(len(labels), MOST_CLASSES))
    )
    return ConfusionFigure(
        labels=labels,
        counts=tuple(tuple(int(cell) for cell in row) for row in counts),
        shares=tuple(tuple(float(cell) for cell in row) for row in shares),
        description=f"Confusion matrix of the chosen network on {count(total, 'holdout row')}:"
        f" {right:,} right. Share of each true class that is found: {', '.join(recalls)}.",
    )
