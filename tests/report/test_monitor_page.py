"""What a monitor found, as text, page and JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from html_page import Page

from wellfit.drift import Drift, compare, count, make_reference
from wellfit.records import Scored, SettingsError, Task
from wellfit.report import monitor_html, monitor_json, monitor_text
from wellfit.report._words import cell_width

EVIL = "<script>alert(1)</script>\u202e\n'\"&"


def drift(num_rows: int = 400, num_columns: int = 1) -> Drift:
    """Return a window in which names, classes and new values are hostile, and something moved."""
    rng = np.random.default_rng(0)
    positive = rng.random(500)
    said = np.stack([1 - positive, positive], axis=1)
    numbers = {f"{EVIL}{i}": ("number", rng.normal(size=500)) for i in range(num_columns)}
    reference = make_reference(
        {**numbers, "plan": ("category", ["a", EVIL] * 250), "day": ("date", np.arange(500.0))},  # type: ignore[dict-item]
        task=Task.BINARY,
        class_names=("no", EVIL),
        metric="log_loss",
        score=Scored(value=0.5, low=0.45, high=0.55),
        chance=0.69,
        prediction=said,
        target=(rng.random(500) < positive).astype(int),
    )
    new = rng.random(num_rows) ** 2
    columns = {name: rng.normal(1.0, size=num_rows) for name in numbers}
    columns |= {"plan": ["a", f"{EVIL}!"] * (num_rows // 2), "day": np.arange(num_rows) + 900.0}
    labels = (rng.random(num_rows) < 0.9).astype(int)
    return compare(reference, count(reference, columns, np.stack([1 - new, new], axis=1), target=labels))


@pytest.mark.parametrize("width", [30, 40, 60, 80, 120])
def test_no_line_is_wider_than_asked(width: int) -> None:
    """Names are cut, sentences wrapped; nothing leaves the line."""
    text = monitor_text(drift(num_columns=14), width)
    assert max(cell_width(line) for line in text.splitlines()) <= width
    assert "\u202e" not in text
    assert "more columns" in " ".join(text.split())


def test_the_text_says_what_the_record_says() -> None:
    """Advice first, then reasons, columns with bars, and the three scores."""
    found = drift()
    text = monitor_text(found)
    assert text.startswith("RETRAIN. 400 new rows against 500 training rows")
    for word in ("holdout", "expected", "measured", "by itself", "####", "< 0.001"):
        assert word in text
    with pytest.raises(SettingsError):
        monitor_text(found, 20)


def test_the_page_is_whole_and_safe() -> None:
    """Elements close, nothing from outside runs or is loaded, figures have descriptions and a table."""
    source = monitor_html(drift())
    page = Page(source)
    assert not page.open
    assert page.tags["script"] == 1
    assert "alert(1)</script>" not in source
    assert "\u202e" not in source
    assert not [value for name, value in page.attributes if name in ("src", "href") and "://" in value]
    assert page.tags["svg"] >= 3
    assert page.tags["svg"] == source.count('role="img"')
    assert "Retrain" in page.words
    assert monitor_html(drift()) == source


def test_a_page_of_nothing_is_whole_too() -> None:
    """No column, no prediction, no rows."""
    reference = make_reference({}, task=Task.REGRESSION, metric="rmse")
    found = compare(reference, count(reference, {}))
    page = Page(monitor_html(found))
    assert not page.open
    assert "There are no rows to judge." in page.words
    assert "FINE. 0 new rows" in monitor_text(found)


def test_json_is_strict() -> None:
    """Plain values alone, whatever is not known."""
    values = json.loads(json.dumps(monitor_json(drift()), allow_nan=False))
    assert values["advice"] == "retrain"
    assert {one["name"] for one in values["columns"]} >= {"plan", "day"}
    assert values["measured"]["score"]["value"] > values["expected"]["score"]["value"]
