"""What the chosen network does on the holdout, and the columns of the data, as tables of finished text."""

from __future__ import annotations

import math
from collections.abc import Iterable

from wellfit.records import ColumnView, DataView, Evaluation, Report, Scored
from wellfit.report._evaluation_figures import missing_columns
from wellfit.report._numbers import NOT_AVAILABLE, common_decimals, number, signed
from wellfit.report._view import MOST_ROWS, Table

MOST_CURVE_ROWS = 11


def score_table(report: Report, seen: Evaluation) -> Table:
    """Return every metric of the chosen network with its interval, the study's first; the baseline beside."""
    baseline = report.holdout.baseline if report.holdout is not None else {}
    has_two = report.holdout is not None and report.chosen != report.baseline and bool(baseline)
    names = sorted(seen.scores, key=lambda name: name != report.metric.name)
    rows: list[tuple[str, ...]] = []
    for name in names:
        value, ends = _scored(seen.scores[name])
        beside = (_beside(baseline.get(name, math.nan), seen.scores[name]),) if has_two else ()
        rows.append((name, value, ends, *beside))
    head = ("Score", "Chosen", "95 % interval", *(("Baseline",) if has_two else ()))
    return Table(head=head, rows=tuple(rows), right=(1, 2, 3)[: len(head) - 1], strong=(0,) if rows else ())


def class_table(seen: Evaluation) -> Table:
    """Return precision, recall and F1 of each class."""
    rows = tuple(
        (
            one.label,
            f"{one.support:,}",
            f"{one.num_predicted:,}",
            *(cell for part in (one.precision, one.recall, one.f1) for cell in _share(part)),
        )
        for one in seen.classes
    )
    head = ("Class", "Rows", "Predicted", "Precision", "95 %", "Recall", "95 %", "F1", "95 %")
    return Table(head=head, rows=rows, right=tuple(range(1, 9)))


def curve_points_table(seen: Evaluation) -> Table:
    """Return points of both curves at eleven rates."""
    rows: list[tuple[str, ...]] = []
    for one in seen.curves:
        for place in range(MOST_CURVE_ROWS):
            at = place / (MOST_CURVE_ROWS - 1)
            true = _best_before(at, one.false_positive_rate, one.true_positive_rate)
            precision = _best_after(at, one.recall, one.precision)
            rows.append((one.network, one.positive, number(at, 1), number(true, 3), number(precision, 3)))
    beside = ("True positive rate, if that is the false one", "Precision, if that is the recall")
    head = ("Network", "Class", "Rate", *beside)
    return Table(head=head, rows=tuple(rows), right=(2, 3, 4))


def reliability_table(seen: Evaluation) -> Table:
    """Return what was said and what came of it, bin by bin."""
    rows = tuple(
        (one.network, number(said, 3), number(right, 3), signed(right - said, 3), f"{num:,}")
        for one in seen.reliability
        for said, right, num in zip(one.said, one.right, one.num_rows, strict=True)
    )
    return Table(head=("Network", "Said", "Right", "Difference", "Rows"), rows=rows, right=(1, 2, 3, 4))


def threshold_table(seen: Evaluation) -> Table:
    """Return what each threshold gives; 0.5, which predictions are made by, stands out."""
    rows = tuple(
        (
            f"{one.threshold:g}",
            *(number(value, 3) for value in (one.precision, one.recall, one.f1)),
            f"{number(100 * one.flagged, 1)} %",
        )
        for one in seen.thresholds
    )
    strong = tuple(place for place, one in enumerate(seen.thresholds) if one.threshold == 0.5)
    head = ("Threshold", "Precision", "Recall", "F1", "Flagged")
    return Table(head=head, rows=rows, right=(1, 2, 3, 4), strong=strong)


def residual_table(seen: Evaluation) -> Table:
    """Return residuals of rows with like predictions."""
    bins = () if seen.residuals is None else seen.residuals.bins
    rows = tuple(
        (
            f"{number(one.low)} to {number(one.high)}",
            f"{one.num_rows:,}",
            signed(one.mean),
            number(one.deviation),
        )
        for one in bins
    )
    return Table(
        head=("Predicted", "Rows", "Mean residual", "Standard deviation"), rows=rows, right=(1, 2, 3)
    )


def histogram_table(seen: Evaluation) -> Table:
    """Return the bins of the residuals."""
    found = seen.residuals
    if found is None:
        return Table(head=(), rows=())
    rows = tuple(_bin_rows(found.edges, found.counts))
    return Table(head=("Residual", "Rows"), rows=rows, right=(1,))


def mistake_table(seen: Evaluation) -> Table:
    """Return the worst mistakes with some cells of their rows."""
    is_class = seen.residuals is None
    rows: list[tuple[str, ...]] = []
    for one in seen.mistakes:
        said = (_small(one.amount), one.predicted) if is_class else (one.predicted, signed(one.amount))
        rows.append((f"{one.row:,}", one.true, *said, *one.cells))
    titles = ("Its probability", "Predicted") if is_class else ("Predicted", "Residual")
    head = ("Row", "True", *titles, *seen.mistake_columns)
    return Table(head=head, rows=tuple(rows), right=(2,) if is_class else (1, 2, 3))


def group_table(seen: Evaluation) -> Table:
    """Return the groups of rows that do worse than the rest."""
    rows: list[tuple[str, ...]] = []
    for one in seen.groups:
        places = common_decimals((one.loss, one.rest), one.high - one.low)
        loss, rest, low, high, constant = (
            number(value, places) for value in (one.loss, one.rest, one.low, one.high, one.constant_loss)
        )
        ends = f"{signed(one.difference, places)} [{low}, {high}]"
        rows.append((one.column, one.group, f"{one.num_rows:,}", loss, rest, ends, constant))
    head = (
        "Column",
        "Group",
        "Rows",
        "Loss",
        "Loss of the rest",
        "Difference",
        "Best constant for the group",
    )
    return Table(head=head, rows=tuple(rows), right=(2, 3, 4, 5, 6))


def size_table(report: Report) -> Table:
    """Return the points of the learning curve over rows."""
    found = report.more_data
    if found is None:
        return Table(head=(), rows=())
    rows = [
        (f"{size:,}", number(loss), "measured") for size, loss in zip(found.sizes, found.losses, strict=True)
    ]
    if found.fitted_sizes:
        end = found.num_rows + found.extra_rows
        low, high = number(found.loss_now - found.high), number(found.loss_now - found.low)
        rows.append((f"{found.num_rows:,}", number(found.loss_now), "by the fitted curve"))
        rows.append((f"{end:,}", number(found.loss_now - found.estimate), f"predicted, {low} to {high}"))
    return Table(head=("Training rows", "Loss", "How known"), rows=tuple(rows), right=(1,))


def column_numbers_table(data: DataView) -> Table:
    """Return the columns in numbers."""
    rows = tuple(
        (
            view.name,
            f"{100 * view.relation:.1f} %",
            f"{view.num_missing:,}",
            f"{view.num_outliers:,}" if not math.isnan(view.median) else "",
            *(
                number(value) if not math.isnan(value) else ""
                for value in (view.smallest, view.median, view.largest)
            ),
            _frequent(view),
        )
        for view in data.columns
    )
    head = ("Column", "Explains", "Missing", "Outliers", "Smallest", "Median", "Largest", "Most frequent")
    left_out = data.num_columns - len(data.columns)
    return Table(head=head, rows=rows, right=(1, 2, 3, 4, 5, 6), num_left_out=left_out)


def bar_table(views: Iterable[ColumnView]) -> Table:
    """Return the counts behind all bars and bins."""
    rows: list[tuple[str, ...]] = []
    for view in views:
        if view.labels:
            rows += [
                (view.name, label, f"{num:,}") for label, num in zip(view.labels, view.counts, strict=True)
            ]
            rows += [(view.name, "all others", f"{view.num_other:,}")] if view.num_other else []
        else:
            rows += [(view.name, *cells) for cells in _bin_rows(view.edges, view.counts)]
    shown = tuple(rows[:MOST_ROWS])
    return Table(
        head=("Column", "Value", "Rows"), rows=shown, right=(2,), num_left_out=len(rows) - len(shown)
    )


def missing_table(report: Report) -> Table:
    """Return the columns with missing cells."""
    total = report.data.num_rows if report.data is not None else 0
    found = missing_columns(report)[:MOST_ROWS]
    rows = tuple((name, f"{num:,}", f"{100 * num / max(total, 1):.1f} %") for name, num in found)
    return Table(head=("Column", "Missing", "Share"), rows=rows, right=(1, 2))


def suspect_table(data: DataView) -> Table:
    """Return the rows whose label is in doubt."""
    rows = tuple(
        (f"{one.row:,}", one.label, _small(one.probability_of_label), one.said, _small(one.probability))
        for one in data.suspects
    )
    return Table(head=("Row", "Label", "Its probability", "Said", "Its probability"), rows=rows, right=(2, 4))


def _scored(one: Scored) -> tuple[str, str]:
    places = common_decimals((one.value,), one.high - one.low)
    if math.isnan(one.low) and math.isnan(one.high):
        return number(one.value), NOT_AVAILABLE
    return number(one.value, places), f"{number(one.low, places)} to {number(one.high, places)}"


def _beside(value: float, chosen: Scored) -> str:
    has_ends = math.isfinite(chosen.high - chosen.low)
    return number(value, common_decimals((chosen.value,), chosen.high - chosen.low) if has_ends else None)


def _share(part: Scored) -> tuple[str, str]:
    if math.isnan(part.value):
        return NOT_AVAILABLE, NOT_AVAILABLE
    ends = NOT_AVAILABLE if math.isnan(part.low) else f"{number(part.low, 2)} to {number(part.high, 2)}"
    return number(part.value, 2), ends


def _small(probability: float) -> str:
    return "under 0.001" if 0 < probability < 0.001 else number(probability, 3)


def _best_before(at: float, x: tuple[float, ...], y: tuple[float, ...]) -> float:
    return max((high for place, high in zip(x, y, strict=True) if place <= at + 1e-9), default=math.nan)


def _best_after(at: float, x: tuple[float, ...], y: tuple[float, ...]) -> float:
    return max((high for place, high in zip(x, y, strict=True) if place >= at - 1e-9), default=math.nan)


def _bin_rows(edges: tuple[float, ...], counts: tuple[int, ...]) -> list[tuple[str, str]]:
    return [
        (f"{number(low)} to {number(high)}", f"{num:,}")
        for low, high, num in zip(edges[:-1], edges[1:], counts, strict=True)
    ]


def _frequent(view: ColumnView) -> str:
    if not view.labels:
        return ""
    place = max(range(len(view.counts)), key=lambda k: view.counts[k])
    return f"{view.labels[place]} ({view.counts[place]:,})"
