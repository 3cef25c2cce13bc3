"""Studies side by side: what each came to, ranked where their scores can be compared at all."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wellfit.files import write_text
from wellfit.records import Metric, Report
from wellfit.report._json import SCHEMA, plain_value
from wellfit.report._summary import Change, changes, holdout_reading, num_averaged
from wellfit.report._words import count


@dataclass(frozen=True, kw_only=True)
class ComparedStudy:
    """One study among others.

    Attributes:
        name: what it is called here.
        task: binary, multiclass or regression.
        num_rows: rows of its table, holdout included.
        metric: what its scores are in.
        baseline: score of the baseline on its holdout; NaN where the holdout was not reached.
        chosen: score of the chosen network, likewise.
        difference: improvement on the holdout, positive is better.
        low: lower end of its 95 % interval.
        high: upper end of it.
        reading: what the interval says; no change where the chosen network is the baseline.
        num_holdout_rows: rows of the holdout; 0 where it was not reached.
        changed: settings in which the chosen network differs from the baseline.
        num_averaged: networks that the chosen one is the average of; 0 where it is one network.
        verdict: on the baseline.
        members_trained: runs in all.
        duration_s: seconds in all; NaN where they are not known.
        partial: why it is not complete, or an empty text.
    """

    name: str
    task: str
    num_rows: int
    metric: Metric
    baseline: float
    chosen: float
    difference: float
    low: float
    high: float
    reading: Literal["better", "worse", "cannot tell", "no change", "not reached"]
    num_holdout_rows: int
    changed: tuple[Change, ...]
    num_averaged: int
    verdict: str
    members_trained: int
    duration_s: float
    partial: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Studies, the best first where they are ranked, else in the order in which they were given.

    Attributes:
        studies: what is compared.
        is_ranked: whether their order is one of scores; only studies of one task and metric are ranked.
        notes: what keeps the scores from being compared, one sentence each.
    """

    studies: tuple[ComparedStudy, ...]
    is_ranked: bool
    notes: tuple[str, ...]


def compare_reports(reports: Mapping[str, Report]) -> Comparison:
    """Return studies side by side, by name.

    They are ranked by the score of the chosen network on the holdout, if all have one task and one metric.
    A score on other rows is no better or worse for the network, so notes say where rows differ.

    Args:
        reports: name to what a study found.
    """
    studies = [_compared(name, report) for name, report in reports.items()]
    is_ranked = len({(study.metric, study.task) for study in studies}) == 1
    if is_ranked:
        sign = 1.0 if studies[0].metric.direction == "minimize" else -1.0
        studies.sort(key=lambda study: math.inf if math.isnan(study.chosen) else sign * study.chosen)
    return Comparison(studies=tuple(studies), is_ranked=is_ranked, notes=tuple(_notes(studies)))


def _compared(name: str, report: Report) -> ComparedStudy:
    holdout, metric = report.holdout, report.metric.name
    times = report.timing
    return ComparedStudy(
        name=name,
        task=report.task.value,
        num_rows=report.num_rows,
        metric=report.metric,
        baseline=math.nan if holdout is None else holdout.baseline.get(metric, math.nan),
        chosen=math.nan if holdout is None else holdout.improved.get(metric, math.nan),
        difference=math.nan if holdout is None else holdout.difference,
        low=math.nan if holdout is None else holdout.low,
        high=math.nan if holdout is None else holdout.high,
        reading=_reading(report),
        num_holdout_rows=0 if holdout is None else holdout.num_rows,
        changed=changes(report),
        num_averaged=num_averaged(report),
        verdict=report.verdict.value,
        members_trained=report.members_trained,
        duration_s=times.get("total_s", sum(times.values()) if times else math.nan),
        partial=report.partial,
    )


def _reading(report: Report) -> Literal["better", "worse", "cannot tell", "no change", "not reached"]:
    if report.holdout is None:
        return "not reached"
    if not changes(report) and not num_averaged(report):
        return "no change"
    return holdout_reading(report.holdout)


def _notes(studies: list[ComparedStudy]) -> list[str]:
    notes: list[str] = []
    metrics = sorted({study.metric.name for study in studies})
    tasks = sorted({study.task for study in studies})
    if len(metrics) > 1:
        notes.append(f"Metrics differ ({', '.join(metrics)}), so the studies are not ranked.")
    elif len(tasks) > 1:
        notes.append(f"Tasks differ ({', '.join(tasks)}), so the studies are not ranked.")
    sizes = {(study.num_rows, study.num_holdout_rows) for study in studies if study.num_holdout_rows}
    if len(metrics) == len(tasks) == 1 and len(sizes) > 1:
        notes.append(
            "Tables or holdouts differ in size: a score is one of the rows as much as of the network."
        )
    missing = [study.name for study in studies if not study.num_holdout_rows]
    if missing:
        notes.append(
            f"{count(len(missing), 'study', 'studies')} did not reach the holdout: {', '.join(missing)}."
        )
    return notes


def comparison_json(comparison: Comparison) -> dict[str, object]:
    """Return plain values only; what is not a finite number becomes None."""
    return {
        "schema": SCHEMA,
        "ranked": comparison.is_ranked,
        "notes": list(comparison.notes),
        "studies": [_study_json(study) for study in comparison.studies],
    }


def write_comparison_json(comparison: Comparison, path: str | Path) -> None:
    """Write `comparison_json` to `path`, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    text = json.dumps(comparison_json(comparison), indent=2, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n", errors="backslashreplace")


def _study_json(study: ComparedStudy) -> dict[str, object]:
    changed = {
        change.name: {"baseline": change.baseline, "chosen": change.chosen} for change in study.changed
    }
    holdout = {
        "num_rows": study.num_holdout_rows,
        "baseline": study.baseline,
        "improved": study.chosen,
        "difference": study.difference,
        "low": study.low,
        "high": study.high,
    }
    values = {
        "name": study.name,
        "task": study.task,
        "num_rows": study.num_rows,
        "metric": study.metric,
        "verdict": study.verdict,
        "holdout": holdout if study.num_holdout_rows else None,
        "changed": changed,
        "averaged_networks": study.num_averaged,
        "members_trained": study.members_trained,
        "duration_s": study.duration_s,
        "partial": study.partial,
    }
    return {name: plain_value(value) for name, value in values.items()}
