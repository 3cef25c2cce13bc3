"""What the page of a diagnosis shows, as tables of finished text and one figure."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from wellfit.records import Diagnosis, Effect, Outcome, Report
from wellfit.report._causes import meaning
from wellfit.report._diagnosis_words import measured, percent, share_interval
from wellfit.report._figures import MOST_SCREENED_ROWS, ForestFigure, ForestRow, forest_axis
from wellfit.report._numbers import NOT_AVAILABLE, probability
from wellfit.report._summary import reading
from wellfit.report._view import MOST_ROWS, Table
from wellfit.report._words import clean, count

_OUTCOME_ORDER = (Outcome.FOUND, Outcome.CANNOT_TELL, Outcome.SILENT, Outcome.NOT_APPLICABLE)


def examined_table(diagnosis: Diagnosis) -> Table:
    """Return every cause with what came of it, those found first."""
    items = sorted(diagnosis.examined, key=lambda item: _OUTCOME_ORDER.index(item.outcome))
    rows = tuple(
        (item.code, meaning(item.code), item.outcome.value, item.reason) for item in items[:MOST_ROWS]
    )
    strong = tuple(place for place, item in enumerate(items[:MOST_ROWS]) if item.outcome is Outcome.FOUND)
    return Table(
        head=("Cause", "What it means", "Outcome", "Why"),
        rows=rows,
        strong=strong,
        num_left_out=max(len(items) - MOST_ROWS, 0),
    )


def measured_table(diagnosis: Diagnosis) -> Table:
    """Return the numbers of a diagnosis with what they mean."""
    rows = tuple((row.label, row.value, row.note) for row in measured(diagnosis))
    return Table(head=("What", "Value", "Meaning"), rows=rows, right=(1,), sortable=False)


def ranked_effects(effects: Mapping[str, Effect]) -> list[tuple[str, Effect]]:
    """Return interventions by falling effect, those that could not be measured last."""

    def key(item: tuple[str, Effect]) -> tuple[bool, float]:
        estimate = item[1].estimate
        return math.isnan(estimate), 0.0 if math.isnan(estimate) else -estimate

    return sorted(effects.items(), key=key)


def effect_table(diagnosis: Diagnosis) -> Table:
    """Return every intervention with its effect; those that a finding rests on stand out."""
    return intervention_table(diagnosis.effects, _used(diagnosis))


def intervention_table(tried: Mapping[str, Effect], used: Collection[Effect] = ()) -> Table:
    """Return interventions with their effects, the best first; those in `used` stand out."""
    effects = ranked_effects(tried)
    shown = effects[:MOST_ROWS]
    return Table(
        head=("Intervention", "Effect", "95 % interval", "p", "Pairs", "Reading"),
        rows=tuple((name or "(no name)", *_effect_cells(effect)) for name, effect in shown),
        right=(1, 2, 3, 4),
        strong=tuple(place for place, (_, effect) in enumerate(shown) if effect in used),
        num_left_out=len(effects) - len(shown),
    )


def _effect_cells(effect: Effect) -> tuple[str, ...]:
    if math.isnan(effect.estimate):
        return NOT_AVAILABLE, NOT_AVAILABLE, NOT_AVAILABLE, f"{effect.num_pairs:,}", reading(effect)
    estimate, low, high = share_interval(effect)
    known = math.isfinite(effect.low) or math.isfinite(effect.high)
    ends = f"{low} to {high}" if known else NOT_AVAILABLE
    return estimate, ends, probability(effect.p_value), f"{effect.num_pairs:,}", reading(effect)


def _used(diagnosis: Diagnosis) -> tuple[Effect, ...]:
    """Return the effects that findings rest on."""
    return tuple(finding.effect for finding in diagnosis.findings if finding.effect is not None)


def effects_figure(diagnosis: Diagnosis) -> ForestFigure | None:
    """Return the forest plot of the interventions in percent, or None where nothing was measured."""
    return intervention_forest(diagnosis.effects, _used(diagnosis))


def intervention_forest(effects: Mapping[str, Effect], used: Collection[Effect] = ()) -> ForestFigure | None:
    """Return the forest plot of interventions, those in `used` first; None where nothing was measured."""
    measured_ones = [item for item in ranked_effects(effects) if not math.isnan(item[1].estimate)]
    first = [item for item in measured_ones if item[1] in used]
    others = [item for item in measured_ones if item[1] not in used]
    rows = tuple(
        _row(name, effect, used=is_used)
        for items, is_used in ((first, True), (others[:MOST_SCREENED_ROWS], False))
        for name, effect in items
    )
    if not rows:
        return None
    lower, upper = forest_axis(rows)
    return ForestFigure(
        unit="the possible improvement",
        rows=rows,
        lower=lower,
        upper=upper,
        num_left_out=max(len(others) - MOST_SCREENED_ROWS, 0),
        description=_words(rows),
        axis_label="% of the possible improvement",
        headings=("A finding rests on it", "Tried as well" if first else "Tried"),
        kept_mark="",
    )


def _row(name: str, effect: Effect, *, used: bool) -> ForestRow:
    estimate, low, high = share_interval(effect)
    known = math.isfinite(effect.low) or math.isfinite(effect.high)
    ends = f"[{low.removesuffix(' %')}, {high.removesuffix(' %')}]" if known else "[no interval]"
    return ForestRow(
        label=clean(name).strip() or "(no name)",
        estimate=100 * effect.estimate,
        low=100 * effect.low,
        high=100 * effect.high,
        confirmed=used,
        kept=used,
        reading=reading(effect),
        numbers=f"{estimate} {ends}",
    )


def _words(rows: tuple[ForestRow, ...]) -> str:
    tally = {kind: sum(row.reading == kind for row in rows) for kind in ("better", "worse", "cannot tell")}
    text = (
        f"Forest plot of {count(len(rows), 'intervention')} in percent of the possible improvement:"
        f" {tally['better']} better, {tally['worse']} worse, {tally['cannot tell']} cannot tell."
    )
    used = "; ".join(f"{row.label} {row.numbers}" for row in rows if row.confirmed)
    return f"{text} Findings rest on: {used}." if used else text


def confidence_line(diagnosis: Diagnosis | Report, place: int) -> str:
    """Return the confidence of a finding and the verdict that it stands for."""
    finding = diagnosis.findings[place]
    family = f", stands for {finding.family.value}" if finding.family is not None else ""
    return f"confidence {percent(finding.confidence)}{family}"
