"""Numbers and missing cells that are written as text."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.data._cells import read_booleans, read_labels, read_numbers
from wellfit.data._number_text import parse_numbers


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234", 1234.0),
        ("1,234,567.5", 1234567.5),
        ("12 %", 12.0),
        ("12%", 12.0),
        ("$3.50", 3.5),
        ("-$3.50", -3.5),
        ("€ 1,000", 1000.0),
        ("(5)", -5.0),
        ("1 234", 1234.0),
        ("1'234", 1234.0),
        ("\u22125", -5.0),
        ("+7", 7.0),
        ("1e5", 100000.0),
        (".5", 0.5),
        ("1,23", None),
        ("12,34,5", None),
        ("555 1234", None),
        ("2024-01-02", None),
        ("abc", None),
        ("1_0", None),
    ],
)
def test_number_with_decimal_point(text, number):
    """Signs, groups of thousands and percent are understood; what is ambiguous or no number is not."""
    assert parse_numbers(pl.Series([text])).to_list() == [number]


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,5", 1.5), ("1.234,5", 1234.5), ("1.234", 1234.0), ("3.5", 3.5), ("-0,25 %", -0.25)],
)
def test_number_with_decimal_comma(text, number):
    """In a file with decimal commas points group thousands, unless they cannot."""
    assert parse_numbers(pl.Series([text]), ",").to_list() == [number]


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_written_number_is_read_again(number):
    """Any finite float comes back from its text, with a point or a comma."""
    text = repr(number)
    assert parse_numbers(pl.Series([text])).to_list() == [number]
    if "." in text and "e" not in text and not text.split(".")[1].startswith("000"):
        assert read_numbers(pl.Series([text.replace(".", ",")]), ",").values.tolist() == [number]


@pytest.mark.parametrize("word", ["", "  ", "?", "NA", "n/a", "NaN", "null", "none", "-", "--"])
def test_missing_among_numbers(word):
    """The usual words for "missing" are missing cells among numbers and no wrong ones."""
    numbers = read_numbers(pl.Series(["1", word, "2"]))
    assert list(numbers.values[[0, 2]]) == [1.0, 2.0]
    assert numbers.values[1] != numbers.values[1]
    assert not numbers.wrong.any()


def test_none_is_a_label():
    """Among words "none" is an answer, while a question mark is missing."""
    assert read_labels(pl.Series(["none", "?", " some "])).to_list() == ["none", None, "some"]


def test_infinite_and_huge_numbers_are_counted():
    """Infinity, and numbers beyond float32, become missing and are counted."""
    numbers = read_numbers(pl.Series(["1", "inf", "-Infinity", "1e300"]))
    assert numbers.num_infinite == 3
    assert numbers.values[0] == 1.0


def test_labels_of_whole_numbers_agree():
    """Whole numbers have one label whether they come as text, integers or floats."""
    for cells in (["1", "2"], [1, 2], [1.0, 2.0], ["1.0", "2.0"]):
        assert read_labels(pl.Series(cells)).to_list() == ["1", "2"]


def test_booleans():
    """Words for yes and no become 1 and 0; other words are wrong."""
    numbers = read_booleans(pl.Series(["Yes", "no", "TRUE", "f", "1", "maybe", None]))
    assert numbers.values[:5].tolist() == [1.0, 0.0, 1.0, 0.0, 1.0]
    assert numbers.wrong.tolist() == [False] * 5 + [True, False]
