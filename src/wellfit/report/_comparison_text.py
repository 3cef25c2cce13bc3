"""Studies side by side in a terminal: scores in a table, then what each is and what it changed."""

from __future__ import annotations

import math
from collections.abc import Iterator

from wellfit.report._comparison import ComparedStudy, Comparison
from wellfit.report._numbers import NOT_AVAILABLE, common_decimals, duration, interval, number
from wellfit.report._text import check_width
from wellfit.report._words import cell_width, count, pad, shorten_to, wrap

_LEAST_NAME = 12
_GAP = 2


def comparison_text(comparison: Comparison, width: int = 80) -> str:
    """Return studies side by side, no line wider than asked.

    Args:
        comparison: what `compare_reports` returned.
        width: columns of the terminal, at least 30.

    Raises:
        SettingsError: `width` is below 30.
    """
    check_width(width, "comparison")
    blocks = [
        [*wrap(comparison_title(comparison), width), "", *_scores(comparison, width)],
        [line for note in comparison.notes for line in wrap(note, width)],
        *([*_about(study, width)] for study in comparison.studies),
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines)


def comparison_title(comparison: Comparison) -> str:
    """Return what is compared, and by what it is ranked."""
    head = count(len(comparison.studies), "study", "studies")
    if not comparison.is_ranked:
        return f"{head} in the order given, each on its own holdout"
    metric = comparison.studies[0].metric
    better = "lower" if metric.direction == "minimize" else "higher"
    return f"{head} by {metric.name} on their own holdouts ({better} is better), best first"


def score_cells(study: ComparedStudy, places: int | None = None) -> tuple[str, str, str, str]:
    """Return baseline, chosen, improvement with its interval, and what that says.

    `places` is the number of decimals of scores that stand in one column.
    """
    places = _places(study) if places is None else places
    if math.isnan(study.difference):
        improvement = NOT_AVAILABLE
    elif study.reading == "no change":
        improvement = "0"
    else:
        estimate, low, high = interval(study.difference, study.low, study.high)
        improvement = f"{estimate} [{low}, {high}]"
    return number(study.baseline, places), number(study.chosen, places), improvement, study.reading


def _places(study: ComparedStudy) -> int:
    """Return decimals that keep baseline and chosen network apart."""
    return min(common_decimals((study.baseline, study.chosen), study.difference), 6)


def changed_line(study: ComparedStudy) -> str:
    """Return what was changed, in one line."""
    parts = [f"{change.name} {change.baseline} -> {change.chosen}" for change in study.changed]
    if study.num_averaged:
        return "; ".join([f"the average of {study.num_averaged} networks", *parts])
    return "; ".join(parts) or "nothing"


def _scores(comparison: Comparison, width: int) -> Iterator[str]:
    """Yield a table; what there is no room for is left to the lines below, the names last."""
    studies = comparison.studies
    places = max(map(_places, studies)) if comparison.is_ranked else None
    cells = [score_cells(study, places) for study in studies]
    columns = [("baseline", [row[0] for row in cells]), ("chosen", [row[1] for row in cells])]
    columns += [("improvement [95 %]", [row[2] for row in cells]), ("", [row[3] for row in cells])]
    if not comparison.is_ranked:
        columns.insert(0, ("metric", [study.metric.name for study in studies]))
    names = [
        f"{place}. {study.name}" if comparison.is_ranked else study.name
        for place, study in enumerate(studies, start=1)
    ]

    def room() -> int:
        taken = (max(map(cell_width, (title, *texts))) + _GAP for title, texts in columns)
        return width - sum(taken)

    while room() < _LEAST_NAME and len(columns) > 1:
        columns.pop()
    widest = min(max(map(cell_width, (*names, "study"))), max(room(), _LEAST_NAME))
    for place, name in enumerate(("study", *names)):
        line = pad(shorten_to(name, widest), widest)
        for title, texts in columns:
            cell = (title, *texts)[place]
            needed = max(map(cell_width, (title, *texts)))
            is_word = title in ("", "metric")
            line += " " * _GAP + (pad(cell, needed) if is_word else " " * (needed - cell_width(cell)) + cell)
        yield line.rstrip()


def _about(study: ComparedStudy, width: int) -> Iterator[str]:
    time = duration(study.duration_s) if math.isfinite(study.duration_s) else "time not known"
    facts = f"{study.verdict}, {study.task}, {count(study.num_rows, 'row')}, {time}"
    yield from wrap(f"{study.name}: {facts}, {count(study.members_trained, 'network')}", width)
    if study.partial:
        yield from wrap(f"PARTIAL RESULT: {study.partial}", width, indent="  ")
    baseline, chosen, improvement, said = score_cells(study)
    if study.num_holdout_rows:
        line = f"holdout ({count(study.num_holdout_rows, 'row')}): {study.metric.name} {baseline}"
        if study.reading == "no change":
            line += "; the chosen network is the baseline"
        else:
            line += f" -> {chosen}, improvement {improvement}, {said}"
        yield from wrap(line, width, indent="  ")
    yield from wrap(f"changed: {changed_line(study)}", width, indent="  ")
