"""Studies side by side as one self-contained page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from wellfit.files import write_text
from wellfit.records import Report
from wellfit.report import _view
from wellfit.report._answer import headline
from wellfit.report._comparison import ComparedStudy, Comparison, compare_reports
from wellfit.report._comparison_text import changed_line, comparison_title, score_cells
from wellfit.report._figures import ForestFigure, ForestRow, forest_axis
from wellfit.report._html import drawn_forests, page_environment
from wellfit.report._numbers import duration
from wellfit.report._summary import SIGN_CONVENTION
from wellfit.report._view import Table
from wellfit.report._words import clean, count


def comparison_html(reports: Mapping[str, Report]) -> str:
    """Return studies side by side as a page that needs nothing from elsewhere.

    Args:
        reports: name to what a study found.

    Returns:
        The whole document: scores, holdout improvements drawn where they are in one metric, and for each
        study its verdict and what it changed.
    """
    comparison = compare_reports(reports)
    figure = holdout_forest(comparison)
    environment = page_environment()
    environment.globals |= {"view": _view, "sign_convention": SIGN_CONVENTION}
    return environment.get_template("comparison.html.jinja").render(
        comparison=comparison,
        title=comparison_title(comparison),
        table=comparison_table(comparison),
        forests=drawn_forests(() if figure is None else (figure,)),
        parts=[(study, reports[study.name], headline(reports[study.name])) for study in comparison.studies],
    )


def write_comparison_html(reports: Mapping[str, Report], path: str | Path) -> None:
    """Write `comparison_html` to `path`, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    write_text(path, comparison_html(reports))


def comparison_table(comparison: Comparison) -> Table:
    """Return one row a study; the best stands out where they are ranked."""
    head = ("Study", "Task", "Rows", "Metric", "Baseline", "Chosen", "Improvement [95 % interval]", "Reading")
    head += ("What was changed", "Time", "Partial")
    return Table(
        head=head,
        rows=tuple(_row(study) for study in comparison.studies),
        right=(2, 4, 5, 6, 9),
        strong=(0,) if comparison.is_ranked and comparison.studies[0].num_holdout_rows else (),
    )


def _row(study: ComparedStudy) -> tuple[str, ...]:
    about = study.name, study.task, f"{study.num_rows:,}", study.metric.name
    time = duration(study.duration_s)
    return *about, *score_cells(study), changed_line(study), time, study.partial or "no"


def holdout_forest(comparison: Comparison) -> ForestFigure | None:
    """Return the improvements on the holdouts; None where they are in several metrics, or there is none.

    A study that keeps the baseline has no improvement to draw.
    """
    measured = [
        study
        for study in comparison.studies
        if not math.isnan(study.difference) and study.reading != "no change"
    ]
    metrics = {study.metric for study in comparison.studies}
    if not measured or len(metrics) > 1:
        return None
    rows = tuple(_forest_row(study) for study in measured)
    lower, upper = forest_axis(rows)
    metric = clean(measured[0].metric.name)
    return ForestFigure(
        unit=metric,
        rows=rows,
        lower=lower,
        upper=upper,
        num_left_out=0,
        description=f"Improvement in {metric} on the holdouts of {count(len(rows), 'study', 'studies')}: "
        + "; ".join(f"{row.label} {row.numbers}, {row.reading}" for row in rows)
        + ".",
        headings=("Each on its own holdout", ""),
    )


def _forest_row(study: ComparedStudy) -> ForestRow:
    return ForestRow(
        label=clean(study.name),
        estimate=study.difference,
        low=study.low,
        high=study.high,
        confirmed=True,
        kept=False,
        reading=study.reading,
        numbers=score_cells(study)[2],
    )
