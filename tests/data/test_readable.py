"""Columns and cells as a person reads them."""

from __future__ import annotations

import numpy as np

from wellfit.data import SourceRows, array_columns, prepare, read_table, readable_columns
from wellfit.records import Dataset, Task

ROWS = np.arange(40, dtype=np.int32)


def test_kinds_of_columns_are_readable() -> None:
    """Numbers without their sentinel, words by name, dates as years; unused columns are left out."""
    table = read_table(
        {
            "id": [f"customer-{i}" for i in range(40)],
            "amount": [-999.0] * 6 + [float(i) + 0.5 for i in range(34)],
            "member": ["yes", "no"] * 20,
            "town": ["Oslo", None, "Rome", "Bonn"] * 10,
            "day": [f"{2000 + i // 4}-0{1 + i % 4}-01" for i in range(40)],
            "y": ["a", "b"] * 20,
        }
    )
    prepared = prepare(table, "y", holdout=0)
    source = SourceRows(table=table, holdout=None, rows=prepared.rows)
    found = {column.name: column for column in readable_columns(prepared.encoder, source, ROWS)}
    assert "id" not in found
    assert "y" not in found
    amount = found["amount"].numbers
    assert amount is not None
    assert np.isnan(amount[:6]).all()
    assert amount[6] == 0.5
    town = found["town"]
    assert town.labels == ("Bonn", "Oslo", "Rome")
    assert town.codes is not None
    assert town.codes[:4].tolist() == [1, -1, 2, 0]
    day = found["day"].numbers
    assert day is not None
    assert day[0] == 2000
    assert 2009 < day[39] < 2010
    assert len(found["member"].labels) == 2


def test_rows_of_a_holdout_table_are_its_own() -> None:
    """Cells and row numbers come from the table that a row is in, also after rows without a target."""
    table = read_table({"x": [float(i) for i in range(40)], "y": [None, *["a", "b", "b"] * 13]})
    other = read_table({"x": [100.0, None, 102.0], "y": ["a", "b", "a"]})
    prepared = prepare(table, "y", holdout=other, columns={"x": "numeric"})
    source = SourceRows(table=table, holdout=other, rows=prepared.rows)
    first, last = int(prepared.working[0]), int(prepared.holdout[-1])
    assert source.place(first) == (table, 1)
    assert source.place(last) == (other, 2)
    assert source.cells(last, ("x", "no such")) == ("102", "")
    assert source.cells(int(prepared.holdout[1]), ("x",)) == ("missing",)
    held = readable_columns(prepared.encoder, source, prepared.holdout)[0].numbers
    assert held is not None
    np.testing.assert_array_equal(held, [100, np.nan, 102])


def test_arrays_have_features_and_pictures_have_none() -> None:
    """Features are numbered from 1 where they have no names; an input with more axes has no columns."""
    numbers, pictures = np.array([[1.0, np.inf]], np.float32), np.zeros((1, 4, 4, 3), np.uint8)
    dataset = Dataset(
        inputs=(numbers, pictures), input_names=("n", "p"), target=np.zeros(1, np.int32), task=Task.BINARY
    )
    found = array_columns(dataset, np.array([0], np.int32))
    assert [column.name for column in found] == ["n, feature 1", "n, feature 2"]
    assert found[1].numbers is not None
    assert np.isnan(found[1].numbers[0])
