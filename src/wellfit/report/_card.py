"""The model card of a bundle: what the network is for, how well it does, where it comes from."""

from __future__ import annotations

import math

from wellfit.records import Report, Scored
from wellfit.report._answer import headline
from wellfit.report._markdown import escape
from wellfit.report._summary import changes, holdout_line
from wellfit.report._words import plain

_MOST_CELLS = 40


def model_card(report: Report) -> str:
    """Return the model card of the network that a study handed back, as GitHub-flavored Markdown.

    Source: Mitchell et al., Model Cards for Model Reporting, 2019, whose headings it follows.

    Args:
        report: what the study found.
    """
    blocks = [
        "# Model card",
        f"A network for {_purpose(report)}, chosen by wellfit {report.environment.get('wellfit', '')}.",
        "## Intended use",
        "It predicts rows that come from where its training rows came from. Rows of another time, place or "
        "population are another matter: `wellfit monitor` compares new rows with the training rows.",
        "## How well it does",
        escape(holdout_line(report)),
        *_scores(report),
        *_groups(report),
        "## What it takes",
        *_inputs(report),
        "## How it was made",
        _history(report),
        "## Limits",
        _limits(report),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _purpose(report: Report) -> str:
    if not report.class_names:
        return "predicting numbers"
    shown = ", ".join(escape(name) for name in report.class_names[:_MOST_CELLS])
    more = len(report.class_names) - _MOST_CELLS
    return f"telling {len(report.class_names)} classes apart: {shown}" + (
        f" and {more} more" if more > 0 else ""
    )


def _scores(report: Report) -> list[str]:
    if report.evaluation is None or not report.evaluation.scores:
        return []
    lines = ["| score on the holdout | value | 95 % interval |", "|---|---|---|"]
    lines += [
        f"| {escape(name)} | {plain(one.value)} | {_interval(one)} |"
        for name, one in report.evaluation.scores.items()
    ]
    return ["\n".join(lines)]


def _interval(one: Scored) -> str:
    if math.isnan(one.low) or math.isnan(one.high):
        return "not known"
    return f"{plain(one.low)} to {plain(one.high)}"


def _groups(report: Report) -> list[str]:
    found = report.evaluation.groups if report.evaluation is not None else ()
    if not found:
        return ["No group of rows was found in which it does worse beyond chance."]
    return ["Groups of rows in which it does worse are listed in the report of the study."]


def _inputs(report: Report) -> list[str]:
    used = [column for column in report.columns if column.used and column.kind != "target"]
    if not used:
        return ["Arrays or pictures; see `signature.json`."]
    lines = ["| column | kind | missing in training |", "|---|---|---|"]
    lines += [
        f"| {escape(column.name)} | {column.kind} | {column.num_missing:,} |" for column in used[:_MOST_CELLS]
    ]
    more = len(used) - _MOST_CELLS
    left_out = [f"{more:,} more columns are in `encoder.json`."] if more > 0 else []
    return ["\n".join(lines), *left_out]


def _history(report: Report) -> str:
    changed = [f"{one.name} {one.baseline} to {one.chosen}" for one in changes(report)]
    what = "; ".join(changed) if changed else "none; the baseline was kept"
    return (
        f"{report.num_rows:,} rows, {report.members_trained:,} training runs. Changes of the baseline that "
        f"were confirmed: {escape(what)}. Verdict on the baseline: {escape(headline(report).line)} "
        "Versions, seed, settings and the checksum of the data are in `provenance.json`."
    )


def _limits(report: Report) -> str:
    partial = f"The study was not finished: {escape(report.partial)}. " if report.partial else ""
    return (
        f"{partial}The scores hold for rows drawn like the holdout. Probabilities may be wrong for rows "
        "unlike all training rows. Nothing here says what would happen in the world if a cell were changed."
    )
