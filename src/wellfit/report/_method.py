"""How a study was done and what it leaves open, in sentences and small tables."""

from __future__ import annotations

from wellfit.records import Report
from wellfit.report._summary import reading
from wellfit.report._view import Table
from wellfit.report._words import clean, count

MOST_NAMES = 12
_LATE = "not measured for lack of time: "


def protocol(report: Report) -> tuple[str, ...]:
    """Return the protocol as sentences, from the numbers that the record has; empty where it has none."""
    said = [_rows(report), _splits(report), _members(report)]
    return tuple(line for line in said if line)


def _rows(report: Report) -> str:
    working, holdout = _whole(report, "working_rows"), _whole(report, "holdout_rows")
    if not working:
        return ""
    text = f"{count(working, 'row')} to work with"
    return f"{text}, and {count(holdout, 'row')} set aside as the holdout." if holdout else f"{text}."


def _splits(report: Report) -> str:
    looked, fresh = _whole(report, "screening_splits"), _whole(report, "confirming_splits")
    if not looked:
        return ""
    rows = count(_whole(report, "screening_rows"), "training row")
    text = f"Remedies were screened on {count(looked, 'split')} of {rows}"
    if not fresh:
        return f"{text}; nothing was measured on fresh splits."
    trained, stopped, scored = (
        _whole(report, name) for name in ("rows_trained_on", "rows_stopped_by", "rows_scored_on")
    )
    if all(remedy.stage != "confirmed" for remedy in report.remedies):
        # The baseline has curves on fresh splits even where no remedy came so far.
        return f"{text}; no remedy was measured on fresh splits."
    return (
        f"{text}. The finalists ran on {count(fresh, 'fresh split')}, each with {trained:,} rows to train "
        f"on, {stopped:,} to stop by and {scored:,} to be scored on."
    )


def _members(report: Report) -> str:
    if not report.members_trained:
        return ""
    seed = report.environment.get("seed")
    return f"{count(report.members_trained, 'network')} trained" + (f", seed {clean(seed)}." if seed else ".")


def _whole(report: Report, name: str) -> int:
    value = report.options.get(name)
    return value if isinstance(value, int) else 0


def said_notes(report: Report) -> tuple[str, ...]:
    """Return the notes that are no list of what was not tried, which has a table."""
    return tuple(note for note in report.notes if not note.startswith(_LATE))


def untried_table(report: Report) -> Table:
    """Return the reasons why remedies were not measured, with how many there are and their names."""
    reasons: dict[str, list[str]] = {}
    for remedy in report.remedies:
        if reading(remedy.effect) == "not measured":
            reasons.setdefault(_reason(remedy.note), []).append(clean(remedy.name))
    rows = tuple(
        (reason, f"{len(names):,}", _names(names))
        for reason, names in sorted(reasons.items(), key=lambda item: -len(item[1]))
    )
    return Table(head=("Why", "Remedies", "Which"), rows=rows, right=(1,))


def _reason(note: str) -> str:
    """Return a note without the numbers of one remedy, so that remedies with one reason stand together."""
    text = clean(note) or "no reason is known"
    is_late = text.startswith("not tried: it would take")
    return "not tried: it would take longer than the time left" if is_late else text


def _names(names: list[str]) -> str:
    left = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {left:,} more" if left > 0 else "")
