"""Terminal text, Markdown, and the sentences that all renderings share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from report_samples import (
    HOSTILE,
    SAMPLES,
    confirmed,
    effect,
    full,
    hostile,
    many,
    minimal,
    nothing_helped,
    partial,
    regression,
    unmeasured,
)

from wellfit.records import Effect, Remedy, Report, SettingsError
from wellfit.report import to_markdown, to_text
from wellfit.report._bars import CELLS
from wellfit.report._summary import changes, holdout_line, reading
from wellfit.report._words import cell_width


@pytest.mark.parametrize("width", [30, 40, 60, 80, 120])
@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_no_line_is_wider_than_asked(make: Callable[[], Report], width: int) -> None:
    """Plain lines within the width, whatever the names and numbers."""
    text = to_text(make(), width)
    assert max(cell_width(line) for line in text.splitlines()) <= width
    assert all(char == "\n" or char.isprintable() for char in text)
    assert not any(line.endswith(" ") for line in text.splitlines())


@pytest.mark.parametrize("make", [full, regression, partial, nothing_helped, many, unmeasured, minimal])
def test_one_screen(make: Callable[[], Report]) -> None:
    """A report fits a terminal of 80 by 30."""
    assert len(to_text(make(), 80).splitlines()) <= 30


def test_text_has_what_matters() -> None:
    """Verdict, each change, the kept remedy with its interval, the holdout."""
    text = to_text(full())
    assert text.startswith("OVERFITS: 0.388 nats of gap")
    for line in ("the network's own -> 0.3", "+0.0123 [+0.0062, +0.0184] kept", "Holdout (1,409 rows)"):
        assert line in text
    assert "positive = better" in text


def test_partial_comes_first() -> None:
    """The reader learns first that the study was cut short."""
    assert to_text(partial()).startswith("PARTIAL RESULT: the budget")


def test_bars_show_side_and_stage() -> None:
    """A confirmed gain lies right of the zero line in brackets, a screened loss left of it in parentheses."""
    loss = dataclasses.replace(confirmed()[1], stage="screened", effect=effect(-0.01, 0.002))
    lines = to_text(dataclasses.replace(full(), remedies=(confirmed()[0], loss))).splitlines()
    gain_bar = next(line for line in lines if " kept" in line)[-21:]
    loss_bar = next(line.ljust(80) for line in lines if "  dropout " in line and "[" in line)[-21:]
    assert gain_bar[10] == loss_bar[10] == "|"
    assert gain_bar.index("[") > 10
    assert "#" in gain_bar
    assert loss_bar.rindex(")") < 10
    assert "o" in loss_bar


def test_causes_have_bars_and_the_rest_is_named() -> None:
    """A cause that was measured has its ruling, its remedy and a bar; in a narrow terminal no bar."""
    lines = to_text(nothing_helped()).splitlines()
    place = lines.index("Causes; the bar is the gain of the remedy against it")
    assert lines[place + 1].startswith("  weak-regularization  cannot tell, dropout")
    assert lines[place + 1][-CELLS:].count("#") == 1
    assert any(line.startswith("  not supported: ") or "; not supported: " in line for line in lines)
    narrow = to_text(nothing_helped(), 50).splitlines()
    assert "Causes" in narrow
    assert not any("#" in line for line in narrow if "weak-regularization" in line)


def test_confirmed_bars_keep_their_scale() -> None:
    """A screen of two pairs does not press what is confirmed into one sign; its own bars end in arrows."""
    wide = Remedy(name="wide", settings={"l1": 1}, stage="screened", kept=False, effect=effect(0.5, 9.0))
    lines = to_text(dataclasses.replace(full(), remedies=(*confirmed(), wide))).splitlines()
    assert next(line for line in lines if "kept" in line)[-CELLS:].count("=") > 3
    bar = next(line for line in lines if line.startswith("  wide"))[-CELLS:]
    assert (bar[0], bar[-1]) == ("<", ">")
    assert "o" not in bar


def test_what_a_search_drew_is_named_by_its_settings() -> None:
    """A number says nothing; where the settings do not fit, it stays."""
    drawn = Remedy(
        name="search-2", settings={"averaging": "ema"}, stage="screened", kept=False, effect=effect(0.1, 0.2)
    )
    assert "  averaging=ema  " in to_text(dataclasses.replace(full(), remedies=(drawn,)))
    long = dataclasses.replace(drawn, settings=dict.fromkeys(("learning_rate", "l2", "dropout"), 0.12345))
    assert "  search-2  " in to_text(dataclasses.replace(full(), remedies=(long,)))


def test_too_narrow_is_refused() -> None:
    """Below 30 columns there is no honest layout."""
    with pytest.raises(SettingsError, match="at least 30"):
        to_text(full(), 29)


def test_reading_needs_interval_and_p_value() -> None:
    """A corrected p-value of 0.05 or more overrules an interval that excludes zero."""
    assert reading(effect(0.02, 0.01, p_value=0.01)) == "better"
    assert reading(effect(0.02, 0.01)) == "better"
    assert reading(effect(0.02, 0.01, p_value=0.05)) == "cannot tell"
    assert reading(effect(-0.02, 0.01, p_value=0.01)) == "worse"
    assert reading(effect(0.02, 0.03, p_value=0.01)) == "cannot tell"
    assert reading(None) == "not measured"
    nothing = Effect(estimate=float("nan"), low=0.1, high=0.2, p_value=0.01, unit="rmse", num_pairs=0)
    assert reading(nothing) == "not measured"


def test_changes_are_only_differences() -> None:
    """Three settings differ in the sample."""
    assert [(item.name, item.baseline, item.chosen) for item in changes(full())] == [
        ("l2", "0", "0.0001"),
        ("dropout", "the network's own", "0.3"),
        ("patience", "0", "8"),
    ]
    assert changes(nothing_helped()) == ()


def test_holdout_line_shows_enough_digits_to_see_the_difference() -> None:
    """Two scores that differ in the fifth decimal do not look equal."""
    holdout = full().holdout
    assert holdout is not None
    close = dataclasses.replace(
        holdout,
        baseline={"log_loss": 0.431234},
        improved={"log_loss": 0.431201},
        difference=0.000033,
        low=0.00001,
        high=0.00006,
    )
    line = holdout_line(dataclasses.replace(full(), holdout=close))
    assert "0.431234 -> 0.431201" in line


def test_holdout_line_without_the_metric() -> None:
    """A holdout that lacks the study's metric says n/a and does not fail."""
    holdout = full().holdout
    assert holdout is not None
    line = holdout_line(
        dataclasses.replace(full(), holdout=dataclasses.replace(holdout, baseline={}, improved={}))
    )
    assert "log_loss n/a -> n/a" in line


def test_markdown_has_tables_and_escapes() -> None:
    """Headings, aligned tables, and names that format nothing."""
    text = to_markdown(full())
    assert text.startswith("# Overfitting\n")
    assert "| l2 | 0 | 0.0001 |" in text
    assert "| --- | ---: | ---: | ---: | ---: | --- | --- | --- |" in text
    odd = to_markdown(hostile())
    assert HOSTILE not in odd
    assert "&lt;script&gt;" in odd
    assert "> **Partial result:**" in odd
    width = odd[odd.index("| Remedy") :].splitlines()[0].count("|")
    rows = [line for line in odd[odd.index("| Remedy") :].splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {width}
