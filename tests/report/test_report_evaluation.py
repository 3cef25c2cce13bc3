"""Evaluation, learning curve over rows and data, in every form of the report."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import numpy as np
import pytest
from evaluation_samples import EVALUATED, binary_view, data_view, evaluated, evaluated_values
from html_page import Page
from report_samples import HOSTILE, full

from wellfit.evaluation import holdout_view
from wellfit.records import Report, Task
from wellfit.report import from_json, to_html, to_json, to_markdown
from wellfit.report._evaluation_figures import (
    column_figure,
    missing_figure,
    precision_figure,
    reliability_figure,
    residual_figures,
    roc_figure,
)
from wellfit.report._evaluation_tables import (
    bar_table,
    curve_points_table,
    group_table,
    score_table,
    threshold_table,
)
from wellfit.report._evaluation_words import evaluation_line, groups_line, mistakes_line
from wellfit.report._line_figures import sizes_figure


@pytest.mark.parametrize("make", EVALUATED.values(), ids=EVALUATED)
def test_json_comes_back(make: Callable[[], Report]) -> None:
    """What is written is strict JSON, small, and reads back to the same."""
    values = to_json(make())
    text = json.dumps(values, allow_nan=False)
    assert to_json(from_json(json.loads(text))) == values
    assert len(json.dumps(values["evaluation"])) < 60_000


def test_reports_from_before_still_load() -> None:
    """Files without these parts have none of their sections."""
    values = to_json(full())
    del values["evaluation"], values["data"]
    report = from_json(values)
    assert (report.evaluation, report.data) == (None, None)
    words = Page(to_html(report)).words
    assert "Confusion matrix" in words
    assert "Worst mistakes" not in words
    assert "Learning curve over rows" not in words


@pytest.mark.parametrize("make", EVALUATED.values(), ids=EVALUATED)
def test_pages_are_balanced_and_their_figures_have_words(make: Callable[[], Report]) -> None:
    """Each figure has a name in words; names from outside are no markup; ids are unique."""
    page = Page(to_html(make()))
    assert page.open == []
    assert page.tags["script"] == 1  # the page's own
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    labels = [value for name, value in page.attributes if name == "aria-label"]
    assert page.tags["svg"] <= sum(len(label) > 20 for label in labels)
    assert sum(name == "role" and value == "img" for name, value in page.attributes) == page.tags["svg"]


def test_the_page_has_all_parts() -> None:
    """Scores, classes, curves, thresholds, reliability, mistakes, groups, learning curve, data."""
    words = Page(to_html(evaluated())).words
    for title in (
        "Evaluation on the holdout",
        "Confusion matrix",
        "ROC and precision-recall",
        "Thresholds",
        "Reliability",
        "Worst mistakes",
        "Groups of rows",
        "Learning curve over rows",
        "Missing cells",
        "Distributions",
        "Labels in doubt",
        "5,812",
        HOSTILE,
    ):
        assert title in words
    text = to_markdown(evaluated())
    for title in ("## Evaluation on the holdout", "### Thresholds", "### Groups of rows", "## Data"):
        assert title in text


def test_curves_stand_beside_chance() -> None:
    """Both networks and what guessing gives, with areas in words; precision of chance is the share."""
    seen = binary_view()
    roc, precision, reliable = roc_figure(seen), precision_figure(seen), reliability_figure(seen)
    assert roc is not None
    assert precision is not None
    assert reliable is not None
    assert [line.label.split(",")[0] for line in roc.lines] == ["chosen", "baseline", "chance"]
    assert "area" in roc.description
    share = seen.curves[0].num_positive / seen.curves[0].num_rows
    assert precision.lines[-1].y == (share, share)
    assert sum(part for _, part in reliable.shares) == pytest.approx(1)
    assert all(low <= y <= high for low, y, high in zip(*_band(reliable.lines[0]), strict=True))


def _band(line: object) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    return line.low, line.y, line.high  # type: ignore[attr-defined]


def test_tables_hold_the_numbers() -> None:
    """The study's metric first with the baseline beside; 0.5 stands out; the group that is hard is named."""
    report, seen = evaluated(), binary_view()
    scores = score_table(report, seen)
    assert scores.rows[0][0] == "log_loss"
    assert scores.head[-1] == "Baseline"
    thresholds = threshold_table(seen)
    assert [thresholds.rows[place][0] for place in thresholds.strong] == ["0.5"]
    assert group_table(seen).rows[0][:2] == ("contract", HOSTILE)
    points = curve_points_table(seen)
    assert points.rows[0][2] == "0.0"
    assert {row[0] for row in points.rows} == {"chosen", "baseline"}


def test_sentences_say_what_is_not_there() -> None:
    """No group, no mistake, no finite prediction, few rows: each is said."""
    right = holdout_view(Task.BINARY, np.array([0, 1] * 30), {"chosen": np.eye(2)[[0, 1] * 30]})
    assert mistakes_line(right) == "The chosen network is right about every holdout row."
    assert "No group of rows is large enough" in groups_line(right)
    assert "So few rows" in evaluation_line(right)
    assert "none does worse" in groups_line(dataclasses.replace(right, num_groups=7))
    nothing = holdout_view(Task.BINARY, np.array([0]), {"chosen": np.full((1, 2), np.nan)})
    assert evaluation_line(nothing) == "The chosen network gives no finite prediction on the holdout (1 row)."


def test_residuals_are_drawn_around_zero() -> None:
    """The diagonal and the zero line lie within the axes, and all points do."""
    seen = evaluated_values().evaluation
    assert seen is not None
    assert seen.residuals is not None
    against, over, spread = residual_figures(seen.residuals)
    for figure in (against, over):
        left, right, lower, upper = figure.limits
        assert left < min(figure.x) <= max(figure.x) < right
        assert lower < min(figure.y) <= max(figure.y) < upper
    assert over.limits[2] == -over.limits[3]
    assert sum(spread.counts) == 700


def test_missing_cells_and_columns_are_counted() -> None:
    """Columns that were left out are among those with missing cells; bars count every row."""
    report = evaluated()
    columns = tuple(
        dataclasses.replace(column, num_missing=34) if column.name == "tenure" else column
        for column in report.columns
    )
    figure = missing_figure(dataclasses.replace(report, columns=columns))
    assert figure is not None
    assert figure.labels == ("tenure", "total_charges")
    assert figure.numbers == ("11 %", "3.7 %")
    data = data_view()
    target = data.target
    assert target is not None
    bars = column_figure(target, data.num_rows)
    assert sum(bars.counts) == 300
    assert len(bar_table((target, *data.columns)).rows) == 2 + 20 + 2 + 3


def test_the_predicted_loss_has_its_interval() -> None:
    """The curve goes on to the rows there would be, where the loss stands with its interval."""
    found = evaluated().more_data
    assert found is not None
    figure = sizes_figure(found)
    assert [line.style for line in figure.lines] == ["solid", "dashed", "points"]
    end = figure.lines[2]
    assert end.x == (3500.0,)
    assert (end.y, end.low, end.high) == (
        pytest.approx((0.41,)),
        pytest.approx((0.40,)),
        pytest.approx((0.42,)),
    )
    old = dataclasses.replace(found, num_rows=0, fitted_sizes=(), fitted_losses=())
    assert len(sizes_figure(old).lines) == 1
