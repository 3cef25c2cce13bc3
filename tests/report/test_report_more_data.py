"""What more rows would be worth, in every form of the report."""

from __future__ import annotations

import json
from dataclasses import replace

from report_samples import full

from wellfit.records import MoreData, Report
from wellfit.report import from_json, to_html, to_json, to_markdown, to_text

FOUND = MoreData(
    extra_rows=1000,
    estimate=0.0213,
    low=0.0101,
    high=0.0342,
    unit="log_loss",
    sizes=(500, 700, 1000, 1400, 2000),
    losses=(0.5, 0.48, 0.46, 0.45, 0.44),
)
SENTENCE = "1,000 more rows would be worth 0.021 in log loss, 95 % interval 0.010 to 0.034"


def _report(**changes: object) -> Report:
    return replace(full(), more_data=replace(FOUND, **changes))


def test_every_form_says_it() -> None:
    """Terminal text, Markdown and the page have the same sentence."""
    report = _report()
    for text in (to_text(report, width=200), to_markdown(report), to_html(report)):
        assert SENTENCE in text.replace("\u00a0", " ")  # the page keeps a number and its sign together


def test_an_interval_from_zero_cannot_tell() -> None:
    """Where zero is in the interval, the sentence says what that means."""
    assert "0.034 (cannot tell)" in to_text(_report(low=0.0), width=200)


def test_no_curve_says_nothing() -> None:
    """A study without time for a curve has no sentence and no section."""
    for text in (to_text(full()), to_markdown(full()), to_html(full())):
        assert "more rows would" not in text


def test_json_has_it_and_reads_it_back() -> None:
    """The key is there, in schema 1; a report that was written before has none."""
    values = json.loads(json.dumps(to_json(_report())))
    assert values["schema"] == 1
    assert values["more_data"]["sizes"] == [500, 700, 1000, 1400, 2000]
    assert from_json(values).more_data == FOUND
    del values["more_data"]
    assert from_json(values).more_data is None
