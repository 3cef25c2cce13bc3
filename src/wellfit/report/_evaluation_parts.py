"""Evaluation, learning curve and data as a report shows them: sentences, figures and the tables behind."""

from __future__ import annotations

from dataclasses import dataclass

from wellfit.records import ColumnView, DataView, Evaluation, Report, Residuals
from wellfit.report import _evaluation_tables as tables
from wellfit.report import _evaluation_words as words
from wellfit.report._evaluation_figures import (
    BarsFigure,
    PointsFigure,
    column_figure,
    missing_figure,
    precision_figure,
    reliability_figure,
    residual_figures,
    roc_figure,
)
from wellfit.report._line_figures import LinesFigure, sizes_figure
from wellfit.report._summary import more_data_line
from wellfit.report._view import Table
from wellfit.report._words import clean

FIRST_COLUMNS = 9


@dataclass(frozen=True, kw_only=True)
class Titled:
    """One figure with its title.

    Attributes:
        name: for names inside the picture: no other figure of the page has it.
        title: over it.
        note: beside the title, in small.
        figure: what is drawn.
        small: whether it is one of many.
    """

    name: str
    title: str
    figure: LinesFigure | PointsFigure | BarsFigure
    note: str = ""
    small: bool = False


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some figures with a sentence before and the tables behind them.

    Attributes:
        title: of the part; empty for none.
        line: a sentence.
        figures: side by side where there is room.
        more_figures: those to be opened.
        tables: caption and table, in the open.
        behind: caption and table, to be opened.
    """

    title: str = ""
    line: str = ""
    figures: tuple[Titled, ...] = ()
    more_figures: tuple[Titled, ...] = ()
    tables: tuple[tuple[str, Table], ...] = ()
    behind: tuple[tuple[str, Table], ...] = ()


@dataclass(frozen=True, kw_only=True)
class EvaluationPage:
    """What the templates of these sections show.

    Attributes:
        seen: the evaluation, or None.
        line: how good the chosen network is.
        scores: every metric with its interval.
        parts: of the evaluation, after the confusion matrix.
        learning_curve: over rows, or None.
        data_line: which rows are described.
        data_parts: missing cells, distributions, doubtful labels.
    """

    seen: Evaluation | None
    line: str
    scores: Table
    parts: tuple[Part, ...]
    learning_curve: Part | None
    data_line: str
    data_parts: tuple[Part, ...]


def evaluation_page(report: Report) -> EvaluationPage:
    """Return the sections of a report; what it lacks is empty."""
    seen = report.evaluation
    return EvaluationPage(
        seen=seen,
        line="" if seen is None else words.evaluation_line(seen),
        scores=Table(head=(), rows=()) if seen is None else tables.score_table(report, seen),
        parts=evaluation_parts(report),
        learning_curve=learning_curve_part(report),
        data_line="" if report.data is None else words.data_line(report.data),
        data_parts=data_parts(report),
    )


def evaluation_parts(report: Report) -> tuple[Part, ...]:
    """Return the parts of the evaluation that follow the confusion matrix; none without a holdout."""
    seen = report.evaluation
    if seen is None or seen.num_rows == seen.num_unusable:
        return ()
    parts = _class_parts(seen) if seen.residuals is None else [_residual_part(seen.residuals, seen)]
    return (*parts, *(_row_parts(seen) if report.pictures is None else ()))


def _class_parts(seen: Evaluation) -> list[Part]:
    parts = [
        Part(title="Classes", tables=((words.CLASSES, tables.class_table(seen)),)),
        Part(
            title="ROC and precision-recall",
            line=words.no_curve_line(seen) or words.curves_line(seen),
            figures=_lines(("ROC", roc_figure(seen)), ("Precision and recall", precision_figure(seen))),
            behind=(("Points of the curves", tables.curve_points_table(seen)),),
        ),
    ]
    if seen.thresholds:
        shown = (("Thresholds", tables.threshold_table(seen)),)
        parts.append(Part(title="Thresholds", line=words.THRESHOLDS, tables=shown))
    reliable = Part(
        title="Reliability",
        line=words.RELIABILITY,
        figures=_lines(("Reliability", reliability_figure(seen))),
        behind=(("Bins of the probability of the predicted class", tables.reliability_table(seen)),),
    )
    return [*parts, reliable]


def _residual_part(found: Residuals, seen: Evaluation) -> Part:
    against, over, spread = residual_figures(found)
    return Part(
        title="Residuals",
        line=words.RESIDUALS,
        figures=(
            Titled(name="true", title="True against predicted", figure=against),
            Titled(name="residuals", title="Residuals against predicted", figure=over),
            Titled(name="spread", title="Histogram of residuals", figure=spread),
        ),
        behind=(
            ("Residuals of rows with like predictions", tables.residual_table(seen)),
            ("Histogram of residuals", tables.histogram_table(seen)),
        ),
    )


def _row_parts(seen: Evaluation) -> tuple[Part, ...]:
    worst = (("Worst mistakes", tables.mistake_table(seen)),)
    groups = (("Groups of rows that do worse", tables.group_table(seen)),)
    return (
        Part(title="Worst mistakes", line=words.mistakes_line(seen), tables=worst),
        Part(title="Groups of rows", line=words.groups_line(seen), tables=groups),
    )


def learning_curve_part(report: Report) -> Part | None:
    """Return the learning curve over rows, or None where it was not measured."""
    if report.more_data is None:
        return None
    figure = sizes_figure(report.more_data)
    return Part(
        line=f"{more_data_line(report)} {words.SIZES}",
        figures=(Titled(name="sizes", title="Loss over training rows", figure=figure),),
        behind=(("Points of the learning curve", tables.size_table(report)),),
    )


def data_parts(report: Report) -> tuple[Part, ...]:
    """Return missing cells, distributions and doubtful labels; none for reports that do not have them."""
    data = report.data
    if data is None:
        return ()
    missing = missing_figure(report)
    drawn = () if missing is None else (Titled(name="missing", title="", figure=missing),)
    parts = [
        Part(
            title="Missing cells",
            line=words.missing_line(report),
            figures=drawn,
            behind=(("Missing cells", tables.missing_table(report)),),
        ),
        _distributions(data),
    ]
    if data.num_judged and report.pictures is None:
        shown = (("Labels in doubt", tables.suspect_table(data)),)
        parts.append(Part(title="Labels in doubt", line=words.suspects_line(data), tables=shown))
    return tuple(parts)


def _distributions(data: DataView) -> Part:
    views = (*(() if data.target is None else (data.target,)), *data.columns)
    figures = tuple(_distribution(view, data.num_rows, place) for place, view in enumerate(views))
    return Part(
        title="Distributions",
        line=words.columns_line(data),
        figures=figures[:FIRST_COLUMNS],
        more_figures=figures[FIRST_COLUMNS:],
        behind=(
            (words.COLUMNS, tables.column_numbers_table(data)),
            ("Counts behind the bars", tables.bar_table(views)),
        ),
    )


def _distribution(view: ColumnView, num_rows: int, place: int) -> Titled:
    notes = ["target" if view.kind == "target" else f"explains {100 * view.relation:.0f} %"]
    if view.num_missing and not view.labels:
        notes.append(f"{view.num_missing:,} missing")
    if view.num_outliers:
        notes.append(f"{view.num_outliers:,} outliers" if view.num_outliers > 1 else "1 outlier")
    return Titled(
        name=f"column{place}",
        title=clean(view.name),
        note=", ".join(notes),
        figure=column_figure(view, num_rows),
        small=True,
    )


def _lines(*named: tuple[str, LinesFigure | None]) -> tuple[Titled, ...]:
    return tuple(
        Titled(name=title.split()[0].lower(), title=title, figure=figure)
        for title, figure in named
        if figure is not None
    )
