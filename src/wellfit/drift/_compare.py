"""From counts to what became of the rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from wellfit.drift._bars import bars
from wellfit.drift._column_tests import column_tests, combined_p_value, telling
from wellfit.drift._drift import ColumnDrift, Drift
from wellfit.drift._effect import moved_share, size_of
from wellfit.drift._family import holm
from wellfit.drift._reference import ColumnReference, Counts, Reference
from wellfit.drift._scores import expected_score, measured_score
from wellfit.drift._verdict import COLUMNS_PART, LIMIT, PREDICTIONS_PART, advise, few_rows_note
from wellfit.drift._window import Window
from wellfit.records import Scored, SettingsError


def compare(reference: Reference, window: Window, *, score: Scored | None = None) -> Drift:
    """Return what became of the rows since the network was trained.

    A column has drifted where that cannot be chance, in the light of how many columns there are and of how
    few rows either side has. How far it moved is another question: the advice goes by both.

    Args:
        reference: of the study.
        window: new rows, counted in its bins.
        score: of the window's rows with labels in the study's metric, where it was computed from the rows
            themselves; None takes it from the sums of the window.

    Raises:
        SettingsError: the window was counted for another reference.

    Example:
        >>> from wellfit.drift import count, make_reference
        >>> from wellfit.records import Task
        >>> reference = make_reference({"x": ("number", np.arange(500.0))}, task=Task.REGRESSION)
        >>> found = compare(reference, count(reference, {"x": np.arange(400.0, 500.0)}))
        >>> found.advice.value, found.columns[0].aspect, found.columns[0].sign
        ('retrain', 'shift', 1)
    """
    _check(reference, window)
    columns = _columns(reference, window)
    said = _predictions(reference, window)
    together = min(said, key=lambda one: one.p_value, default=None)
    expected = expected_score(reference, window)
    measured = measured_score(reference, window, score)
    advice, reasons = advise(
        [one for one in columns if one.kind != "date"], together, expected, measured, window.num_rows
    )
    return Drift(
        advice=advice,
        reasons=reasons,
        num_rows=window.num_rows,
        num_reference_rows=reference.num_rows,
        num_holdout_rows=0 if reference.predictions is None else reference.predictions.num_rows,
        columns=columns,
        predictions=together,
        prediction_columns=said,
        expected=expected,
        measured=measured,
        notes=_notes(reference, window),
    )


def _check(reference: Reference, window: Window) -> None:
    said = () if reference.predictions is None else reference.predictions.columns
    wanted = [one.num_cells for one in (*reference.columns, *said)]
    found = [len(counts) for counts in (*window.columns, *window.predictions)]
    if wanted != found:
        raise SettingsError(
            "this window was counted for another reference.",
            received=f"{len(found)} columns",
            expected=f"{len(wanted)} columns, with the bins of this reference",
            fix="count the rows anew",
        )


def _columns(reference: Reference, window: Window) -> tuple[ColumnDrift, ...]:
    """Return all columns with corrected p-values, those that moved first."""
    found = [
        _compared(column, counts, window.unseen.get(column.name, {}))
        for column, counts in zip(reference.columns, window.columns, strict=True)
    ]
    # Dates move on by themselves: they are shown, and nothing follows.
    judged = [place for place, one in enumerate(found) if one.kind != "date"]
    corrected = np.minimum(holm([found[place].p_value for place in judged]) / COLUMNS_PART, 1.0)
    for place, p_value in zip(judged, corrected.tolist(), strict=True):
        found[place] = replace(found[place], p_value=p_value, is_drift=p_value < LIMIT)
    return tuple(sorted(found, key=lambda one: (not one.is_drift, -one.moved, one.p_value, one.name)))


def _predictions(reference: Reference, window: Window) -> tuple[ColumnDrift, ...]:
    """Return what the network says, each column with its p-value corrected for their number."""
    said = reference.predictions
    if said is None or not sum(int(counts[:-1].sum()) for counts in window.predictions):
        return ()
    found = list[ColumnDrift]()
    for column, counts in zip(said.columns, window.predictions, strict=True):
        one = _compared(column, counts, {})
        p_value = min(one.p_value * len(said.columns) / PREDICTIONS_PART, 1.0)
        found.append(replace(one, p_value=p_value, is_drift=p_value < LIMIT))
    return tuple(found)


def _compared(column: ColumnReference, counts: Counts, unseen: Mapping[str, int]) -> ColumnDrift:
    """Return a column with its own p-value, corrected for its tests alone."""
    tests = column_tests(column, counts, unseen)
    best = telling(tests)
    moved, num_rows = moved_share(column, counts), int(counts.sum())
    labels, shares, before = bars(column, counts)
    has_levels = best is not None and best.cell >= 0 and column.levels
    return ColumnDrift(
        name=column.name,
        kind=column.kind,
        p_value=min(combined_p_value(tests), 1.0),
        is_drift=False,
        moved=moved,
        size=size_of(moved),
        aspect="" if best is None else best.aspect,
        sign=0 if best is None else best.sign,
        level=column.levels[best.cell] if best is not None and has_levels else "",
        missing=int(counts[-1]) / num_rows if num_rows else math.nan,
        missing_before=column.num_missing / column.num_rows if column.num_rows else math.nan,
        outside=0.0 if column.is_category or not num_rows else int(counts[0] + counts[-2]) / num_rows,
        unseen=dict(unseen),
        num_unseen=int(counts[-2]) if column.levels else 0,
        labels=labels,
        shares=shares,
        shares_before=before,
    )


def _notes(reference: Reference, window: Window) -> tuple[str, ...]:
    dates = [one.name for one in reference.columns if one.kind == "date"]
    found = [few_rows_note(window.num_rows)]
    if dates:
        found.append(f"Dates move on by themselves and are not judged: {', '.join(dates[:5])}.")
    if window.num_unusable:
        found.append(f"The network said nothing finite of {window.num_unusable:,} rows.")
    if reference.predictions is None:
        found.append("The study had no holdout: what the network says has nothing to be held against.")
    return tuple(note for note in found if note)
