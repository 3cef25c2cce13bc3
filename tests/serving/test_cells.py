"""Cells read one at a time are what `wellfit.data` reads column by column."""

import math
from datetime import date, datetime, time, timedelta, timezone

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wellfit.data._cells import read_booleans, read_labels, read_numbers
from wellfit.serving._cells import WrongCellError, read_boolean, read_label, read_number, read_time

WRITTEN = st.one_of(
    st.text(alphabet="0123456789.,+-eE$€%() _'\u2212\u00a0naNixX?*", max_size=9),
    st.floats(allow_nan=False).map(str),
    st.integers(-(10**20), 10**20).map("{:,}".format),
    st.sampled_from(
        ["", "NA", "n/a", " - ", "none", "true", "No", "Y", "off", "1.0", "$ 3.50", "(5)", "12 %"]
    ),
)


def same(own: float, read: float) -> bool:
    """Return whether two numbers are equal, or both missing."""
    return own == read or (math.isnan(own) and math.isnan(read))


@pytest.mark.parametrize(
    ("of_cell", "of_column"), [(read_number, read_numbers), (read_boolean, read_booleans)]
)
def test_text_is_the_number_that_a_table_has(of_cell, of_column):
    """Whatever text stands in a cell: the same number, missing and wrong in the same places."""

    @settings(max_examples=300, deadline=None)
    @given(WRITTEN)
    @example("1_000")
    @example("1_00")
    @example("infinity")
    @example("1e400")
    @example("\u22125")
    @example("$-5")
    @example("٣")
    def check(text):
        column = of_column(pl.Series([text], dtype=pl.String))
        if column.wrong[0]:
            with pytest.raises(WrongCellError):
                of_cell(text)
        else:
            assert same(of_cell(text), column.values[0])

    check()


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=8), WRITTEN, st.floats(), st.integers(-(2**62), 2**62), st.booleans()))
@example("2.000")
@example(-0.0)
@example(1e-7)
@example(1e22)
@example(5e-324)
def test_a_label_is_the_one_that_a_table_has(cell):
    """Text, numbers and truth values name the same category."""
    assert read_label(cell) == (read_labels(pl.Series([cell]))[0] or "")


@pytest.mark.parametrize("cell", [None, math.nan, math.inf, -math.inf, 10**400, 1e39])
def test_no_finite_number_is_missing(cell):
    """Missing and infinite numbers are NaN, as in a table."""
    assert math.isnan(read_number(cell))


@pytest.mark.parametrize("cell", [[1], {"a": 1}, b"1", object()])
@pytest.mark.parametrize("read", [read_number, read_boolean, read_label, read_time])
def test_other_values_are_refused(read, cell):
    """A list or an object is no cell."""
    with pytest.raises(WrongCellError):
        read(cell)


@pytest.mark.parametrize(
    ("cell", "pattern", "read"),
    [
        ("2026-01-31", "", "2026-01-31T00:00:00"),
        (" 2026-01-31 10:20:30.5 ", "", "2026-01-31T10:20:30"),
        ("2026-01-31T10:20:30+02:00", "", "2026-01-31T08:20:30"),
        ("31.01.2026", "%d.%m.%Y", "2026-01-31T00:00:00"),
        ("2026-01-31", "%d.%m.%Y", "2026-01-31T00:00:00"),
        ("10:20", "%H:%M", "1970-01-01T10:20:00"),
        (date(2026, 1, 31), "", "2026-01-31T00:00:00"),
        (datetime(2026, 1, 31, 1, tzinfo=timezone(timedelta(hours=2))), "", "2026-01-30T23:00:00"),
        (time(10, 20), "", "1970-01-01T10:20:00"),
        (None, "", ""),
        ("n/a", "", ""),
        ("-", "", ""),
    ],
)
def test_times_have_one_writing(cell, pattern, read):
    """Whatever way a time comes, the graph gets it in UTC and in one form."""
    if pattern == "%H:%M":
        assert read_time(cell, pattern) in (read, "1900-01-01T10:20:00")
    else:
        assert read_time(cell, pattern) == read


@pytest.mark.parametrize(
    "cell",
    ["tomorrow", "2026-13-01", "31.01.2026", 5.0, "0001-01-01T00:00:00+23:00", "9999-12-31T23:00:00-02:00"],
)
def test_what_is_no_time_is_refused(cell):
    """The error shows a time as it must be written."""
    with pytest.raises(WrongCellError, match="2026-01-31"):
        read_time(cell)


def test_numbers_of_numpy_are_numbers():
    """Columns of arrays are read, too."""
    assert read_number(np.float64(2.5)) == 2.5
