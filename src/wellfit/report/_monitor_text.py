"""What became of a network's rows, in a terminal: plain text, no line wider than asked."""

from __future__ import annotations

import math
from collections.abc import Iterator

from wellfit.drift import ColumnDrift, Drift, ScoreDrift
from wellfit.report._numbers import NOT_AVAILABLE, common_decimals, number
from wellfit.report._text import check_width
from wellfit.report._words import cell_width, clean, count, pad, shorten_to, wrap

MOST_COLUMNS = 10
_BAR, _BAR_END = 12, 0.5  # cells of a bar, and the share of rows that fills it
_NAME = (12, 28)
_LABEL = 10


def monitor_text(drift: Drift, width: int = 80) -> str:
    """Return a window against its reference for a terminal: the advice and why, columns, scores, notes.

    Args:
        drift: what `wellfit.monitor` returned.
        width: columns of the terminal, at least 30; wide characters count as two.

    Returns:
        Lines joined by line feeds, without ANSI codes and without a trailing line feed.

    Raises:
        SettingsError: `width` is below 30.
    """
    check_width(width, "monitor")
    blocks = (_head(drift, width), _columns(drift, width), _scores(drift, width), _notes(drift, width))
    return "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block)))


def about_line(drift: Drift) -> str:
    """Return what was held against what."""
    line = f"{count(drift.num_rows, 'new row')} against {count(drift.num_reference_rows, 'training row')}"
    if drift.num_holdout_rows:
        line += f", predictions against {count(drift.num_holdout_rows, 'holdout row')}"
    return f"{line}."


def _head(drift: Drift, width: int) -> Iterator[str]:
    yield from wrap(f"{drift.advice.upper()}. {about_line(drift)}", width)
    for reason in drift.reasons:
        first, *rest = wrap(reason, width - 2)
        yield f"- {first}"
        yield from (f"  {line}" for line in rest)


def _columns(drift: Drift, width: int) -> Iterator[str]:
    """Yield the predictions and the columns that moved most, with the share of rows that moved as a bar."""
    shown = [*((drift.predictions,) if drift.predictions else ()), *drift.columns[:MOST_COLUMNS]]
    if not shown:
        return
    longest = max(cell_width(clean(one.name)) for one in shown)
    name = min(max(longest, _NAME[0]), _NAME[1], width - 18)
    has_bars = width >= name + _BAR + 28
    yield f"{pad('', name)}{' ' * (_BAR + 1) if has_bars else ''}  {'moved':>6}  {'p-value':>8}".rstrip()
    for one in shown:
        bar = f" {pad(_bar(one.moved), _BAR)}" if has_bars else ""
        word = one.size if one.is_drift else "by itself" if one.kind == "date" else ""
        line = f"{pad(shorten_to(one.name, name), name)}{bar}  {moved_cell(one):>6}  {p_cell(one):>8}"
        yield (f"{line}  {word}" if width >= len(line) + 11 else line).rstrip()
    left = len(drift.columns) - MOST_COLUMNS
    if left > 0:
        drifted = sum(one.is_drift for one in drift.columns[MOST_COLUMNS:])
        yield from wrap(f"{count(left, 'more column')}, of which {drifted} drifted.", width)


def _bar(share: float) -> str:
    cells = min(share / _BAR_END, 1.0) * _BAR
    return "#" * (math.ceil(cells) if cells >= 0.25 else 0)


def moved_cell(one: ColumnDrift) -> str:
    """Return the share of rows that moved.

    Example:
        >>> one = ColumnDrift(name="x", kind="number", p_value=1.0, is_drift=False, moved=0.004, size="tiny")
        >>> moved_cell(one)
        '0.4 %'
    """
    share = 100 * one.moved
    return "0 %" if share == 0 else f"{share:.1f} %" if share < 9.95 else f"{share:.0f} %"


def p_cell(one: ColumnDrift) -> str:
    """Return a p-value; a date has none, as it is not judged."""
    if one.kind == "date":
        return ""
    return "< 0.001" if one.p_value < 0.001 else f"{one.p_value:.3f}"


def _scores(drift: Drift, width: int) -> Iterator[str]:
    """Yield the holdout's score, the expected and the measured one, and why one is not known."""
    shown = [("expected", drift.expected), *((("measured", drift.measured),) if drift.measured else ())]
    first = next((one for _, one in reversed(shown) if one.is_known), drift.expected)
    if math.isfinite(first.before.value):
        yield from _hanging("holdout", f"{first.metric} {score_cell(first, is_before=True)}", width)
    for name, score in shown:
        parts = [f"{score.metric} {score_cell(score)}" if score.is_known else "not known"]
        parts += [f"({count(score.num_rows, 'label')})"] if name == "measured" and score.is_known else []
        yield from _hanging(name, f"{' '.join(parts)}{f': {score.reason}.' if score.reason else ''}", width)


def _hanging(name: str, text: str, width: int) -> Iterator[str]:
    """Yield a text beside its name, the lines that follow below it."""
    for place, line in enumerate(wrap(text, width - _LABEL)):
        yield f"{pad('' if place else name, _LABEL)}{line}"


def score_cell(score: ScoreDrift, *, is_before: bool = False) -> str:
    """Return a score with its interval."""
    one = score.before if is_before else score.score
    if not math.isfinite(one.value):
        return NOT_AVAILABLE
    places = min(common_decimals((one.value,), one.high - one.low), 6)
    if not math.isfinite(one.low):
        return number(one.value, places)
    return f"{number(one.value, places)} [{number(one.low, places)}, {number(one.high, places)}]"


def _notes(drift: Drift, width: int) -> Iterator[str]:
    for note in drift.notes:
        yield from wrap(note, width)
