"""Studies side by side."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from wellfit.records import SettingsError
from wellfit.ui._library import report_package
from wellfit.ui._request import Bench, page
from wellfit.ui._studies import study_file

router = APIRouter()
_MOST = 12


@router.get("/compare")
def compare(
    request: Request, workbench: Bench, study: Annotated[list[str] | None, Query()] = None
) -> HTMLResponse:
    """Show the main numbers of several studies in one table."""
    names = list(dict.fromkeys(study or []))[:_MOST]
    if len(names) < 2:
        raise SettingsError(
            "there is nothing to compare.",
            received=f"{len(names)} studies",
            expected="at least two",
            fix="mark them in the list of studies",
        )
    words = report_package()
    reports = [words.read_json(study_file(workbench, name, "report.json")) for name in names]
    facts = [_facts(words, report) for report in reports]
    rows = {label: [one.get(label, "\u2013") for one in facts] for label in facts[0]}
    metrics = {report.metric.name for report in reports}
    data = {str(report.options.get("data", "")) for report in reports}
    return page(
        request,
        "compare.html.jinja",
        names=names,
        rows=rows,
        is_fair=len(metrics) == 1 and len(data) == 1,
    )


def _facts(words: Any, report: Any) -> dict[str, str]:
    """Return what the table says of one study."""
    holdout, metric = report.holdout, report.metric.name
    changed = ", ".join(f"{one.name} {one.chosen}" for one in words.changes(report))
    return {
        "Data": str(report.options.get("data", "")) or "\u2013",
        "Verdict": words.headline(report).label,
        "Metric": f"{metric} ({'lower' if report.metric.direction == 'minimize' else 'higher'} is better)",
        "Holdout, baseline": "\u2013" if holdout is None else _number(holdout.baseline.get(metric)),
        "Holdout, chosen": "\u2013" if holdout is None else _number(holdout.improved.get(metric)),
        "Improvement, 95 % interval": _improvement(holdout, is_changed=bool(changed)),
        "What was changed": changed or "nothing",
        "Networks trained": f"{report.members_trained:,}",
        "Budget": str(report.options.get("budget", "")) or "\u2013",
        "Complete": report.partial or "yes",
    }


def _improvement(holdout: Any, *, is_changed: bool) -> str:
    if holdout is None:
        return "\u2013"
    if not is_changed and not holdout.difference:
        return "none, the baseline is kept"
    return f"{_number(holdout.difference)} ({_number(holdout.low)} to {_number(holdout.high)})"


def _number(value: float | None) -> str:
    return "\u2013" if value is None else f"{value:.4g}"
