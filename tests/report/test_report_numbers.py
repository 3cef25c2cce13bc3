"""Numbers and names in text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.records import Effect
from wellfit.report._numbers import (
    column_decimals,
    duration,
    effect_line,
    interval,
    number,
    probability,
    signed,
)
from wellfit.report._words import cell_width, clean, count, plain, shorten_to, wrap


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (0.693147, "0.693"),
        (12.345, "12.3"),
        (1234567.8, "1,234,568"),
        (-0.01234, "-0.0123"),
        (1.2345e-7, "1.23e-7"),
        (3.2e12, "3.20e12"),
        (math.nan, "n/a"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_number(value: float, expected: str) -> None:
    """Three significant digits, whole digits kept, and words for what is not a number."""
    assert number(value) == expected


def test_signed_marks_direction_but_not_zero() -> None:
    """A plus for gains, a minus for losses, neither for what rounds to zero."""
    assert (signed(0.5), signed(-0.5), signed(0.0)) == ("+0.500", "-0.500", "0")
    assert signed(-0.00001, 3) == "0.000"
    assert signed(0.00001, 3) == "0.000"


def test_interval_shares_decimals() -> None:
    """Estimate and ends can be compared digit by digit, also where the interval is narrow."""
    assert interval(0.0123, 0.0041, 0.0205) == ("+0.0123", "+0.0041", "+0.0205")
    assert interval(12.34567, 12.3456, 12.34574) == ("+12.34567", "+12.34560", "+12.34574")
    assert interval(2e-7, 1e-7, 3e-7) == ("+2.00e-7", "+1.00e-7", "+3.00e-7")


def test_column_decimals_follow_the_typical_interval() -> None:
    """One wild effect does not set the decimals of a column, and keeps its own."""
    typical = Effect(estimate=0.01, low=0.005, high=0.015, p_value=0.5, unit="log_loss", num_pairs=3)
    wild = Effect(estimate=-9.0, low=-11.0, high=-7.0, p_value=0.5, unit="log_loss", num_pairs=3)
    places = column_decimals([typical, typical, wild, None])
    assert places == 4
    assert effect_line(typical, places) == "+0.0100 [+0.0050, +0.0150]"
    assert effect_line(wild, places) == "-9.0 [-11.0, -7.0]"
    assert effect_line(None, places) == "not measured"


@pytest.mark.parametrize(
    ("value", "expected"), [(0.0, "<0.001"), (0.04567, "0.046"), (0.5, "0.5"), (1.0, "1"), (math.nan, "n/a")]
)
def test_probability(value: float, expected: str) -> None:
    """No p-value is shown as zero."""
    assert probability(value) == expected


def test_duration_never_shows_sixty_seconds() -> None:
    """Rounding carries over to the next unit."""
    assert duration(119.7) == "2 min 00 s"
    assert duration(3599.8) == "1 h 00 min"
    assert duration(math.nan) == "n/a"


def test_clean_removes_what_moves_the_cursor() -> None:
    """Line breaks, NUL and direction overrides become spaces; scripts keep their joiners."""
    assert clean("a\nb\x00c\u202ed\ud800") == "a b c d "
    assert clean("\u0645\u06cc\u200c\u062e") == "\u0645\u06cc\u200c\u062e"


@given(text=st.text(max_size=60), cells=st.integers(1, 40))
def test_shorten_never_exceeds(text: str, cells: int) -> None:
    """A shortened name fits, and one that fits is not touched."""
    short = shorten_to(text, cells)
    assert cell_width(short) <= cells
    if cell_width(clean(text)) <= cells:
        assert short == clean(text)


@given(text=st.text(max_size=200), cells=st.integers(4, 40))
def test_wrap_keeps_all_words_within_the_width(text: str, cells: int) -> None:
    """Nothing is lost and no line is too wide."""
    lines = list(wrap(text, cells))
    assert all(cell_width(line) <= cells for line in lines)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())


def test_plain_values() -> None:
    """Settings read as a person would write them."""
    assert [plain(value) for value in (1e-4, 0.3, 3, 50_000, True, None, "text")] == [
        "0.0001",
        "0.3",
        "3",
        "50,000",
        "yes",
        "none",
        "text",
    ]
    assert plain({"rows": [1, 2], "share": 0.123456}) == "rows=1, 2, share=0.123"


def test_count() -> None:
    """One thing is singular, many carry a separator."""
    assert count(1, "row") == "1 row"
    assert count(1409, "row") == "1,409 rows"
    assert count(2, "remedy", "remedies") == "2 remedies"
