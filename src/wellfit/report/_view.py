"""What the HTML page and the Markdown text show, as tables of finished text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from wellfit.records import CurvePair, Diagnosis, Effect, HoldoutResult, Remedy, Report
from wellfit.report._figures import ConfusionFigure
from wellfit.report._numbers import (
    NOT_AVAILABLE,
    column_decimals,
    common_decimals,
    duration,
    interval,
    number,
    probability,
    signed,
)
from wellfit.report._summary import changes, ordered, reading, settings_line, settings_table
from wellfit.report._tested import CauseTested
from wellfit.report._words import plain

MOST_ROWS = 1000
MOST_EPOCHS = 20
_SENTENCES = ("kept", "dropped", "helps", "not ")  # how notes begin that say what came of it
MOST_CLASSES_IN_TABLE = 60


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of text under a head.

    Attributes:
        head: column titles.
        rows: as many cells as there are titles, each.
        right: columns (by position) that hold numbers.
        strong: rows (by position) to stand out.
        num_left_out: rows that did not fit.
        sortable: whether another order of the rows tells something.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()
    strong: tuple[int, ...] = ()
    num_left_out: int = 0
    sortable: bool = True


def change_table(report: Report) -> Table:
    """Return the settings that differ between baseline and chosen network."""
    rows = tuple((item.name, item.baseline, item.chosen, item.meaning) for item in changes(report))
    return Table(head=("Setting", "Baseline", "Chosen", "Meaning"), rows=rows, sortable=False)


def all_settings_table(report: Report) -> Table:
    """Return every setting; those that differ stand out."""
    items = settings_table(report)
    rows = tuple((item.name, item.baseline, item.chosen, item.meaning) for item in items)
    differing = {item.name for item in changes(report)}
    strong = tuple(place for place, item in enumerate(items) if item.name in differing)
    return Table(head=("Setting", "Baseline", "Chosen", "Meaning"), rows=rows, strong=strong)


def remedy_table(report: Report) -> Table:
    """Return every remedy that was tried; the unit has a column if there are several."""
    return effect_table(report.remedies)


def effect_table(tried: tuple[Remedy, ...]) -> Table:
    """Return remedies with their effects, confirmed ones first."""
    remedies = ordered(tried)
    places = _places_by_unit(remedies)
    head = ("Remedy", "Effect", "95 % interval", "p", "Pairs", "Stage", "What came of it", "Settings")
    head += ("Unit",) if len(places) > 1 else ()
    return Table(
        head=head,
        rows=tuple(_remedy_cells(remedy, places)[: len(head)] for remedy in remedies[:MOST_ROWS]),
        right=(1, 2, 3, 4),
        strong=tuple(place for place, remedy in enumerate(remedies[:MOST_ROWS]) if remedy.kept),
        num_left_out=max(len(remedies) - MOST_ROWS, 0),
    )


def _places_by_unit(remedies: tuple[Remedy, ...]) -> dict[str, int | None]:
    effects = [remedy.effect for remedy in remedies if remedy.effect is not None]
    units = {effect.unit for effect in effects}
    return {unit: column_decimals(effect for effect in effects if effect.unit == unit) for unit in units}


def _remedy_cells(remedy: Remedy, places: Mapping[str, int | None]) -> tuple[str, ...]:
    estimate, ends, p_value, pairs, unit = _effect_cells(remedy.effect, places)
    name = remedy.name or "(no name)"
    numbers = (estimate, ends, p_value, pairs)
    return name, *numbers, remedy.stage, remedy_sentence(remedy), settings_line(remedy), unit


def remedy_sentence(remedy: Remedy) -> str:
    """Return what came of a remedy, and why it was kept or dropped, as one sentence.

    Example:
        >>> one = Remedy(name="l2", settings={}, stage="screened", kept=False, effect=None, note="diverged")
        >>> remedy_sentence(one)
        'Not measured: diverged.'
    """
    said, note = reading(remedy.effect), remedy.note.strip().rstrip(".")
    if not note.startswith(_SENTENCES):
        # What was chosen by looking has a p-value that is not corrected for how many were tried.
        looks = "looks " if remedy.stage == "screened" and said in ("better", "worse") else ""
        lead = "kept" if remedy.kept else f"{looks}{said}"
        note = f"{lead}: {note}" if note else lead
    return f"{note[:1].upper()}{note[1:]}."


def _effect_cells(effect: Effect | None, places: Mapping[str, int | None]) -> tuple[str, str, str, str, str]:
    if effect is None:
        return NOT_AVAILABLE, NOT_AVAILABLE, NOT_AVAILABLE, "0", ""
    estimate, low, high = interval(effect.estimate, effect.low, effect.high, places.get(effect.unit))
    ends = NOT_AVAILABLE if math.isnan(effect.low) and math.isnan(effect.high) else f"{low} to {high}"
    return estimate, ends, probability(effect.p_value), f"{effect.num_pairs:,}", effect.unit


def holdout_table(report: Report, holdout: HoldoutResult) -> Table:
    """Return baseline, chosen network and references on the holdout, one row a metric, the study's first."""
    scores = {"baseline": holdout.baseline, "chosen": holdout.improved, **holdout.references}
    first = report.metric.name
    names = sorted({name for row in scores.values() for name in row}, key=lambda name: (name != first, name))
    rows = tuple((name, *_column([row.get(name, math.nan) for row in scores.values()])) for name in names)
    head = ("Score", *scores)
    return Table(
        head=head, rows=rows, right=tuple(range(1, len(head))), strong=(0,) if first in names else ()
    )


def _column(values: list[float]) -> list[str]:
    """Return scores with decimals that keep the first two (baseline and chosen) apart."""
    finite = [abs(value) for value in values if math.isfinite(value) and value]
    apart = abs(values[0] - values[1]) if len(values) > 1 else math.nan
    places = min(common_decimals((min(finite, default=0.0),), apart), 6) if finite else 0
    return [number(value, places) for value in values]


def reference_table(report: Report) -> Table:
    """Return the cross-validated references."""
    rows = tuple((name, number(value)) for name, value in report.references.items())
    return Table(head=("Reference", report.metric.name), rows=rows, right=(1,))


def curve_table(report: Report | Diagnosis) -> Table:
    """Return losses of every network at up to 20 epochs; the best epoch is always among them."""
    return loss_table(report.curves)


def loss_table(curves: Sequence[CurvePair]) -> Table:
    """Return losses of every pair of curves at up to 20 epochs; as Keras reports them where that is known."""
    with_running = any(len(pair.running_loss) for pair in curves)
    rows: list[tuple[str, ...]] = []
    strong: list[int] = []
    for pair in curves:
        num_epochs = min(len(pair.train_loss), len(pair.validation_loss))
        step = max(math.ceil(num_epochs / MOST_EPOCHS), 1)
        shown = {*range(0, num_epochs, step), num_epochs - 1, pair.best_epoch} & set(range(num_epochs))
        for index in sorted(shown):
            if index == pair.best_epoch:
                strong.append(len(rows))
            train, validation = float(pair.train_loss[index]), float(pair.validation_loss[index])
            cells = (number(train), number(validation), signed(validation - train))
            known = (
                number(float(pair.running_loss[index])) if index < len(pair.running_loss) else NOT_AVAILABLE
            )
            rows.append((pair.name, str(index + 1), *cells, *([known] if with_running else [])))
    head = ("Network", "Epoch", "Training loss", "Validation loss", "Gap")
    head += ("Training loss as Keras reports it",) if with_running else ()
    return Table(head=head, rows=tuple(rows), right=tuple(range(1, len(head))), strong=tuple(strong))


def confusion_table(figure: ConfusionFigure) -> Table:
    """Return counts, rows the true class, with the share of each class that is found."""
    num = min(len(figure.labels), MOST_CLASSES_IN_TABLE)
    rows = tuple(
        (
            figure.labels[k],
            *(f"{cell:,}" for cell in figure.counts[k][:num]),
            f"{number(100 * figure.shares[k][k])} %",
        )
        for k in range(num)
    )
    head = ("True class", *(f"predicted {label}" for label in figure.labels[:num]), "found")
    return Table(head=head, rows=rows, right=tuple(range(1, num + 2)), num_left_out=len(figure.labels) - num)


def column_table(report: Report) -> Table:
    """Return the inferred schema."""
    rows = tuple(
        (
            column.name,
            column.kind,
            "yes" if column.used else "no",
            f"{column.num_missing:,}",
            f"{column.num_unique:,}",
            column.reason,
            _at_most(plain(column.details), 160),
        )
        for column in report.columns[:MOST_ROWS]
    )
    head = ("Column", "Kind", "Used", "Missing", "Distinct", "Why", "Details")
    left_out = max(len(report.columns) - MOST_ROWS, 0)
    return Table(head=head, rows=rows, right=(3, 4), num_left_out=left_out)


def cleaning_table(report: Report) -> Table:
    """Return what was done to the data."""
    rows = tuple(
        (step.column or "whole table", step.action, f"{step.num_cells:,}", step.switch)
        for step in report.cleaning[:MOST_ROWS]
    )
    left_out = max(len(report.cleaning) - MOST_ROWS, 0)
    return Table(
        head=("Column", "Step", "Cells or rows", "Switch"), rows=rows, right=(2,), num_left_out=left_out
    )


def finding_table(report: Report) -> Table:
    """Return causes with confidence, evidence and the remedies that follow."""
    rows = tuple(
        (
            finding.code,
            NOT_AVAILABLE if math.isnan(finding.confidence) else f"{100 * finding.confidence:.0f} %",
            "; ".join(f"{name}: {plain(value)}" for name, value in finding.evidence.items()),
            ", ".join(finding.remedies),
        )
        for finding in report.findings
    )
    return Table(head=("Cause", "Confidence", "Evidence", "Remedies that follow"), rows=rows, right=(1,))


def cause_table(tested: Sequence[CauseTested]) -> Table:
    """Return what the remedies say about each cause."""
    rows = tuple((one.code, one.ruling, one.reason, one.meaning, f"{one.num_measured:,}") for one in tested)
    strong = tuple(place for place, one in enumerate(tested) if one.ruling == "supported")
    head = ("Cause", "Ruling", "By what", "What it means", "Remedies measured")
    return Table(head=head, rows=rows, right=(4,), strong=strong)


def option_table(report: Report) -> Table:
    """Return the study's options and protocol numbers."""
    return pair_table(report.options, ("Option", "Value"), plain)


def timing_table(report: Report | Diagnosis) -> Table:
    """Return how long each stage took."""
    return pair_table(report.timing, ("Stage", "Duration"), duration)


def environment_table(report: Report | Diagnosis) -> Table:
    """Return versions, machine and seed."""
    return pair_table(report.environment, ("What", "Value"), str)


def pair_table(values: Mapping[str, object], head: tuple[str, str], form: Callable[..., str]) -> Table:
    """Return names with their values as text."""
    return Table(head=head, rows=tuple((name, form(value)) for name, value in values.items()), sortable=False)


def _at_most(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."
