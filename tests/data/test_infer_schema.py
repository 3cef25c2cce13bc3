"""What columns are taken for, and how that is overridden."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from wellfit.data import Preparation, infer_schema, read_table
from wellfit.records import ColumnNotFoundError, SettingsError

N = 60


def _one(cells, name="x", **options):
    return infer_schema(read_table({name: cells}), **options)[0]


def _cycle(*values):
    return [values[i % len(values)] for i in range(N)]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([i + 0.5 for i in range(N)], "numeric"),
        ([str(i * 7 % 31 + 0.5) for i in range(N)], "numeric"),
        ([f"{i * 7 % 31},{100 + i}" for i in range(N)], "integer"),
        ([f"{i * 7 % 31} %" for i in range(N)], "integer"),
        ([f"${i * 7 % 31}.50" for i in range(N)], "numeric"),
        ([i % 13 for i in range(N)], "integer"),
        (_cycle(0, 1), "boolean"),
        (_cycle("yes", "no", "yes"), "boolean"),
        (_cycle(True, False, None), "boolean"),
        (_cycle("Rome", "Oslo", "Bern"), "category"),
        (_cycle("01234", "00987"), "category"),
        (_cycle("Low", "Medium", "High"), "ordinal"),
        ([f"2024-{i % 12 + 1:02}-03" for i in range(N)], "datetime"),
        ([f"{i % 28 + 1}.{i % 12 + 1}.2024 10:{i % 60:02}" for i in range(N)], "datetime"),
        ([f"{i % 24:02}:30" for i in range(N)], "datetime"),
        ([date(2024, 1, 1) + timedelta(days=i) for i in range(N)], "datetime"),
        ([f"{i:04}-ABC" for i in range(N)], "identifier"),
        (list(range(1, N + 1)), "identifier"),
        (_cycle("a"), "constant"),
        (_cycle(3.0), "constant"),
        (_cycle(None), "constant"),
        (_cycle("", "?", "NA"), "constant"),
        ([f"the quick brown fox number {i} jumps" for i in range(N)], "text"),
    ],
)
def test_kind_is_found(cells, kind):
    """Each kind of column is recognized by its cells."""
    schema = _one(cells)
    assert schema.kind == kind, schema.reason
    assert schema.used is (kind not in ("identifier", "constant", "text"))


def test_unique_measurements_are_no_identifier():
    """Fractions that never repeat, and large scattered whole numbers, are measurements."""
    rng = np.random.default_rng(0)
    assert _one(list(rng.normal(size=N))).kind == "numeric"
    assert _one([int(v) for v in rng.integers(10_000, 10_000_000, N)], "salary").kind == "integer"


def test_name_marks_an_identifier():
    """Scattered whole numbers are an identifier where the name says so."""
    cells = [int(v) for v in np.random.default_rng(0).integers(10_000, 10_000_000, N)]
    for name in ("customer_id", "PassengerId", "ID", "account number"):
        assert _one(cells, name).kind == "identifier", name


def test_shuffled_row_numbers_are_an_identifier():
    """Row numbers are known also in another order, and when every fifth row is absent."""
    numbers = np.random.default_rng(1).permutation(100)
    assert _one([int(v) for v in numbers[:80]]).kind == "identifier"


def test_ordered_categories_keep_their_order():
    """An order that the frame states is used, not the alphabet."""
    cells = pl.Series(_cycle("lo", "mid", "hi")).cast(pl.Enum(["lo", "mid", "hi"]))
    assert _one(cells).details["categories"] == ["lo", "mid", "hi"]


def test_sentinel_is_found():
    """A repeated -999 far from the other values is missing; a repeated maximum near them is not."""
    values = [float(i % 17) for i in range(N)]
    schema = _one([-999.0] * 6 + values)
    assert schema.details["sentinels"] == [-999.0]
    assert schema.num_missing == 6
    assert _one([999.0] * 6 + [float(900 + i) for i in range(N)]).details["sentinels"] == []
    assert _one([-999.0] * 3 + values).details["sentinels"] == []
    assert _one([-999.0] * 6 + values, preparation=Preparation(sentinels="keep")).details["sentinels"] == []


def test_few_wrong_cells_do_not_make_text():
    """One word among many numbers is a missing cell; a third of words is not."""
    assert _one(["abc", *(str(i % 7 + 0.5) for i in range(N))]).kind == "numeric"
    assert _one(_cycle("1", "2", "x")).kind == "category"


def test_date_parts_that_vary():
    """Only the parts that differ are used."""
    schema = _one([datetime(2024, 5, 1, i % 24) for i in range(N)])
    assert schema.details["parts"] == ["hour"]


def test_rare_categories_are_left_to_unseen():
    """A category of one row has no code of its own; the most frequent ones are kept."""
    schema = _one(["rare", *_cycle("a", "b")])
    assert schema.details["categories"] == ["a", "b"]
    few = _one(_cycle("a", "a", "b", "c"), preparation=Preparation(max_categories=2))
    assert few.details["categories"] == ["a", "b"]


def test_overrides():
    """The user's word goes first: another kind, an order of values, or leaving a column out."""
    table = read_table(
        {"zip": _cycle(10115, 80331), "grade": _cycle("B", "C", "A"), "note": _cycle("x", "y")}
    )
    found = infer_schema(table, columns={"zip": "category", "grade": ["C", "B", "A"], "note": "drop"})
    assert [(column.kind, column.used) for column in found] == [
        ("category", True),
        ("ordinal", True),
        ("text", False),
    ]
    assert found[1].details["categories"] == ["C", "B", "A"]


def test_impossible_overrides():
    """Unknown kinds and columns, words as numbers and a target as feature are refused."""
    table = read_table({"x": _cycle("a", "b"), "y": _cycle(0, 1)})
    for columns in ({"x": "number"}, {"x": "numeric"}, {"x": "datetime"}, {"y": "category"}):
        with pytest.raises(SettingsError):
            infer_schema(table, "y", columns=columns)
    with pytest.raises(ColumnNotFoundError):
        infer_schema(table, "y", columns={"z": "drop"})
    with pytest.raises(SettingsError):
        infer_schema(table, "y", group="y")


def test_roles_are_no_features():
    """Target, group and time columns are not used as features."""
    table = read_table({"x": _cycle(1, 2, 3), "g": _cycle("a", "b"), "t": list(range(N)), "y": _cycle(0, 1)})
    used = {column.name: column.used for column in infer_schema(table, "y", group="g", time="t")}
    assert used == {"x": True, "g": False, "t": False, "y": False}


def test_nested_cells_are_left_out():
    """Lists in cells cannot be used and are named."""
    schema = _one(pl.Series([[1, 2]] * N))
    assert (schema.kind, schema.used) == ("text", False)


def test_schema_is_json():
    """The schema can be stored as JSON, whatever the kinds."""
    table = read_table(
        {
            "n": [i + 0.5 for i in range(N)],
            "c": _cycle("a", "b"),
            "d": [date(2024, 1, 1) + timedelta(days=i) for i in range(N)],
            "o": _cycle("low", "medium", "high"),
        }
    )
    stored = [dataclasses.asdict(column) for column in infer_schema(table)]
    assert json.loads(json.dumps(stored, allow_nan=False)) == stored


def test_row_order_does_not_matter():
    """The same rows in another order give the same schema."""
    rng = np.random.default_rng(2)
    columns = {"n": [str(v) for v in rng.normal(size=N)], "c": _cycle("a", "b", "?"), "i": list(range(N))}
    order = rng.permutation(N)
    table = read_table(columns)
    assert infer_schema(table) == infer_schema(table.take(order))
