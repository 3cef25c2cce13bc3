"""What became of a network's rows, as one self-contained page and as JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path

from markupsafe import Markup

from wellfit.drift import Advice, ColumnDrift, Drift, ScoreDrift, drift_json
from wellfit.files import write_text
from wellfit.report._draw_shares import SharesFigure, draw_shares
from wellfit.report._html import page_environment
from wellfit.report._monitor_text import about_line, moved_cell, p_cell, score_cell
from wellfit.report._numbers import signed
from wellfit.report._view import Table
from wellfit.report._words import clean

MOST_FIGURES = 12
_LIGHTS = {Advice.FINE: ("green", "✓"), Advice.WATCH: ("amber", "!"), Advice.RETRAIN: ("red", "✕")}
_MOST_UNSEEN = 5


def monitor_html(drift: Drift) -> str:
    """Return a window against its reference as a page that needs nothing from elsewhere.

    Args:
        drift: what `wellfit.monitor` returned.

    Returns:
        The whole document: the advice and why, scores, predictions, columns drawn and in a table.
    """
    light, sign = _LIGHTS[drift.advice]
    drawn = [one for one in drift.columns if one.shares and one.is_drift][:MOST_FIGURES]
    said = [one for one in drift.prediction_columns if one.shares][:MOST_FIGURES]
    return (
        page_environment()
        .get_template("monitor.html.jinja")
        .render(
            drift=drift,
            light=light,
            sign=sign,
            about=about_line(drift),
            scores=score_table(drift),
            columns=column_table(drift.columns),
            predictions=column_table(drift.prediction_columns),
            drawn=_drawn(drawn, "column"),
            said=_drawn(said, "said"),
        )
    )


def write_monitor_html(drift: Drift, path: str | Path) -> None:
    """Write `monitor_html` to `path`, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    write_text(path, monitor_html(drift))


def monitor_json(drift: Drift) -> dict[str, object]:
    """Return what was found as plain values only; what is not a finite number becomes None."""
    return drift_json(drift)


def write_monitor_json(drift: Drift, path: str | Path) -> None:
    """Write what was found as JSON to `path`, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    text = json.dumps(monitor_json(drift), indent=2, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n", errors="backslashreplace")


def column_table(columns: tuple[ColumnDrift, ...]) -> Table:
    """Return one row a column; those that drifted stand out."""
    head = ("Name", "Moved", "Size", "p-value", "What changed", "Missing now", "Missing before", "Outside")
    rows = tuple(
        (
            clean(one.name),
            moved_cell(one),
            one.size,
            p_cell(one) or "not judged",
            what_changed(one),
            _percent(one.missing),
            _percent(one.missing_before),
            outside_cell(one),
        )
        for one in columns
    )
    strong = tuple(place for place, one in enumerate(columns) if one.is_drift)
    return Table(head=head, rows=rows, right=(1, 3, 5, 6, 7), strong=strong)


def what_changed(one: ColumnDrift) -> str:
    """Return in a few words what a column's tests say; nothing where it did not drift."""
    if not one.is_drift:
        return "moves on by itself" if one.kind == "date" else "nothing beyond chance"
    up = one.sign > 0
    return {
        "shift": "higher" if up else "lower",
        "spread": "spread wider" if up else "spread closer",
        "shape": "another distribution",
        "below": "rows below the least",
        "above": "rows above the greatest",
        "levels": f"{'more' if up else 'less'} often {clean(one.level)}" if one.level else "other values",
        "unseen": "values never seen before",
        "missing": f"missing {'more' if up else 'less'} often",
    }.get(one.aspect, "")


def outside_cell(one: ColumnDrift) -> str:
    """Return what lies outside of what the reference had: a share of rows, or names of unseen values."""
    if one.kind != "category":
        return _percent(one.outside)
    names = [clean(level) for level in list(one.unseen)[:_MOST_UNSEEN]]
    more = len(one.unseen) - len(names)
    return (
        f"{one.num_unseen:,}: {', '.join(names)}{f' and {more} more' if more > 0 else ''}" if names else "0"
    )


def score_table(drift: Drift) -> Table:
    """Return the holdout's score, the expected one and the measured one."""
    measured = () if drift.measured is None else (("measured by labels", drift.measured),)
    rows = tuple(
        _score_row(name, one) for name, one in (("expected without labels", drift.expected), *measured)
    )
    head = ("Score", "Metric", "Rows", "Now [95 %]", "On the holdout [95 %]", "Change, positive is better")
    return Table(head=(*head, "Note"), rows=rows, right=(2, 3, 4, 5), sortable=False)


def _score_row(name: str, one: ScoreDrift) -> tuple[str, ...]:
    change = one.difference
    text = f"{signed(change.value)} [{signed(change.low)}, {signed(change.high)}]"
    return (
        name,
        one.metric,
        f"{one.num_rows:,}",
        score_cell(one),
        score_cell(one, is_before=True),
        text if math.isfinite(change.value) else "n/a",
        one.reason or "",
    )


def _percent(share: float) -> str:
    return "n/a" if math.isnan(share) else f"{100 * share:.1f}%"


def _drawn(columns: list[ColumnDrift], prefix: str) -> list[dict[str, object]]:
    return [
        {
            "title": clean(one.name),
            "note": f"{what_changed(one)}, {moved_cell(one)} of the rows elsewhere",
            "svg": Markup(draw_shares(shares_figure(one), name=f"{prefix}{place}")),
        }
        for place, one in enumerate(columns)
    ]


def shares_figure(one: ColumnDrift) -> SharesFigure:
    """Return the shares of a column's groups, before and now."""
    parts = [
        f"{label} {100 * new:.1f}%, before {100 * old:.1f}%"
        for label, new, old in zip(one.labels, one.shares, one.shares_before, strict=True)
    ]
    return SharesFigure(
        labels=tuple(map(clean, one.labels)),
        now=one.shares,
        before=one.shares_before,
        description=clean(f"Share of rows of {one.name} by group: {'; '.join(parts)}."),
    )
