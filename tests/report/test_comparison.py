"""Studies side by side: ranked where they can be, readable at any width, safe as a page."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import pytest
from report_samples import HOSTILE, full, hostile, minimal, nothing_helped, partial, regression

from wellfit.records import Metric, OutputError, Report, SettingsError
from wellfit.report import (
    compare_reports,
    comparison_html,
    comparison_json,
    comparison_text,
    write_comparison_html,
    write_comparison_json,
)
from wellfit.report._comparison_html import comparison_table, holdout_forest
from wellfit.report._script import page_script
from wellfit.report._words import cell_width


def scored(chosen: float, **changes: object) -> Report:
    """Return a complete study whose chosen network has this log loss on the holdout."""
    report = full()
    assert report.holdout is not None
    improved = {**report.holdout.improved, "log_loss": chosen}
    difference = report.holdout.baseline["log_loss"] - chosen
    holdout = dataclasses.replace(
        report.holdout,
        improved=improved,
        difference=difference,
        low=difference - 0.01,
        high=difference + 0.01,
    )
    return dataclasses.replace(report, holdout=holdout, **changes)


MIXED = {"churn": full(), "houses": regression(), "stopped": partial(), "kept": nothing_helped()}


def test_the_best_comes_first() -> None:
    """Lower is better for a loss; a study without a holdout is last, whatever the order given."""
    found = compare_reports({"early": partial(), "worse": scored(0.43), "better": scored(0.40)})
    assert found.is_ranked
    assert [study.name for study in found.studies] == ["better", "worse", "early"]
    assert math.isnan(found.studies[2].chosen)
    assert found.notes == ("1 study did not reach the holdout: early.",)


def test_higher_is_better_for_an_accuracy() -> None:
    """The direction of the metric decides."""
    accuracy = Metric(name="accuracy", direction="maximize")
    first, second = (
        dataclasses.replace(
            scored(0.4),
            metric=accuracy,
            holdout=dataclasses.replace(full().holdout, improved={"accuracy": value}),  # type: ignore[type-var]
        )
        for value in (0.8, 0.9)
    )
    assert [study.name for study in compare_reports({"a": first, "b": second}).studies] == ["b", "a"]


def test_different_metrics_are_not_ranked() -> None:
    """They are shown in the order given, and a sentence says why."""
    found = compare_reports(MIXED)
    assert not found.is_ranked
    assert [study.name for study in found.studies] == list(MIXED)
    assert "Metrics differ (log_loss, rmse)" in found.notes[0]
    assert holdout_forest(found) is None
    assert comparison_table(found).strong == ()


def test_different_tasks_are_not_ranked() -> None:
    """The same metric on two and on three classes is another problem."""
    other = dataclasses.replace(scored(0.3), task=minimal().task)
    found = compare_reports({"two": scored(0.4), "many": other})
    assert not found.is_ranked
    assert found.notes == ("Tasks differ (binary, multiclass), so the studies are not ranked.",)


def test_different_rows_are_named() -> None:
    """A score on other rows is ranked, and the reader is told."""
    found = compare_reports({"a": scored(0.4), "b": scored(0.41, num_rows=99)})
    assert found.is_ranked
    assert "differ in size" in found.notes[0]


def test_all_that_was_asked_for_is_there() -> None:
    """Name, task, rows, metric, scores, interval, changes, seconds and partial, at 80 columns."""
    text = comparison_text(compare_reports(MIXED))
    for part in ("churn", "binary", "regression", "rows", "log_loss", "rmse", "0.431", "0.419", "+0.0125 ["):
        assert part in text, part
    assert "dropout the network's own -> 0.3" in " ".join(text.split())
    assert "changed: nothing" in text
    assert "PARTIAL RESULT: the budget of 20 s ended" in text
    assert re.search(r"\d s|\d min", text)
    assert "not ranked" in text


def test_a_study_that_keeps_the_baseline_has_no_change() -> None:
    """No interval of nothing, no "cannot tell" about a network and itself, and nothing drawn."""
    found = compare_reports({"kept": nothing_helped(), "also": nothing_helped()})
    assert [study.reading for study in found.studies] == ["no change", "no change"]
    text = comparison_text(found)
    assert "holdout (1,409 rows): log_loss 0.431; the chosen network is the baseline" in text
    assert "cannot tell" not in text
    assert "[0, 0]" not in text
    assert holdout_forest(found) is None
    both = holdout_forest(compare_reports({"kept": nothing_helped(), "better": scored(0.4)}))
    assert both is not None
    assert [row.label for row in both.rows] == ["better"]


def test_scores_of_one_metric_have_one_number_of_decimals() -> None:
    """What stands in one column can be compared by eye."""
    lines = comparison_text(compare_reports({"near": scored(0.43), "far": scored(0.2)})).splitlines()
    assert [line.split()[2:4] for line in lines[3:5]] == [["0.4312", "0.2000"], ["0.4312", "0.4300"]]


@pytest.mark.parametrize("width", [30, 40, 60, 80, 120])
@pytest.mark.parametrize("reports", [MIXED, {"a" * 90: full(), "客户" * 30: hostile(), "least": minimal()}])
def test_no_line_is_wider_than_asked(reports: dict[str, Report], width: int) -> None:
    """Long, wide and odd names are shortened; scores stay whole."""
    text = comparison_text(compare_reports(reports), width)
    assert max(map(cell_width, text.splitlines())) <= width
    assert not set(text) & {"\x1b", "\x00", "\u202e"}
    assert "0.419" in text


def test_too_narrow_is_refused() -> None:
    """Below 30 columns nothing can be told."""
    with pytest.raises(SettingsError, match="narrow"):
        comparison_text(compare_reports(MIXED), 29)


def test_json_is_plain() -> None:
    """Strict JSON without NaN; a holdout that was not reached is null."""
    values = json.loads(json.dumps(comparison_json(compare_reports(MIXED)), allow_nan=False))
    assert values["schema"] == 1
    assert values["ranked"] is False
    churn, houses, stopped, _ = values["studies"]
    assert churn["holdout"]["improved"] == full().holdout.improved["log_loss"]  # type: ignore[union-attr]
    assert churn["changed"]["dropout"] == {"baseline": "the network's own", "chosen": "0.3"}
    assert houses["metric"] == {"name": "rmse", "direction": "minimize"}
    assert stopped["holdout"] is None
    assert stopped["partial"].startswith("the budget")


def test_the_page_is_self_contained() -> None:
    """Nothing from elsewhere, one script; scores, changes and the drawing with its words."""
    reports = {"one": scored(0.40), "two": scored(0.43)}
    source = comparison_html(reports)
    assert source.lstrip().startswith("<!doctype html>")
    assert not re.search(r"<link|url\((?!#)|@import|https?://(?!www\.w3\.org)", source)
    assert source.count("Improvement in log_loss on the holdouts of 2 studies: one ") == 2
    assert source.index("one: Overfitting") < source.index("two: Overfitting")
    assert source == comparison_html(reports)


def test_pages_of_any_studies() -> None:
    """Mixed metrics, nothing measured, and names that would break a page."""
    assert "not ranked" in comparison_html(MIXED)
    source = comparison_html({HOSTILE: hostile(), "least": minimal()})
    assert source.count("<script") == source.count(f"<script>{page_script()}</script>") == 1
    assert "&lt;script&gt;" in source


def test_files(tmp_path) -> None:
    """Both are written whole; a folder that is not there is an error of ours."""
    found = compare_reports(MIXED)
    write_comparison_json(found, tmp_path / "found.json")
    write_comparison_html(MIXED, tmp_path / "found.html")
    assert json.loads((tmp_path / "found.json").read_text()) == comparison_json(found)
    assert (tmp_path / "found.html").read_text() == comparison_html(MIXED)
    with pytest.raises(OutputError):
        write_comparison_html(MIXED, tmp_path / "missing" / "found.html")
