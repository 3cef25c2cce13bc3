"""Typed tables with cells that damaged files hold: found by `benchmarks/fuzz.py`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from wellfit.data import picture_paths, prepare, read_table
from wellfit.records import DataError, FileReadError


def test_impossible_dates_are_missing(tmp_path):
    """A day that no calendar has ends no process; it is missing, and the log says so."""
    days = pl.Series([0, 2**31 - 1, None, -(2**31)], dtype=pl.Int32).cast(pl.Date)
    moments = pl.Series([0, 2**63 - 1, -(2**63), 1]).cast(pl.Datetime("ms", "Europe/Zurich"))
    pl.DataFrame({"day": days, "moment": moments}).write_ipc(tmp_path / "a.arrow")
    table = read_table(tmp_path / "a.arrow")
    assert table.frame["day"].to_list() == [dt.date(1970, 1, 1), None, None, None]
    assert table.frame["moment"].is_null().to_list() == [False, True, True, False]
    assert [(step.column, step.num_cells) for step in table.steps] == [("day", 2), ("moment", 2)]


def test_first_and_last_dates_are_kept():
    """Nothing is taken from dates that a calendar has."""
    ends = [dt.date(1, 1, 1), dt.date(9999, 12, 31)]
    table = read_table(pl.DataFrame({"day": ends}))
    assert table.frame["day"].to_list() == ends
    assert table.steps == ()


@pytest.mark.parametrize(("task", "largest"), [("classification", 2), ("regression", 2 * 86_400 + 2)])
def test_durations_can_be_a_target(task, largest):
    """They are seconds, as where they are a feature; or classes named by their seconds."""
    spans = [dt.timedelta(seconds=i % 3, days=i % 3) for i in range(60)]
    table = read_table(pl.DataFrame({"x": [float(i % 5) for i in range(60)], "span": spans}))
    prepared = prepare(table, "span", task=task)
    assert prepared.dataset.target.max() == largest


def test_a_panic_of_the_reader_is_refused(tmp_path, monkeypatch):
    """What native code raises when it gives up is no Exception, and becomes an error with a reason."""

    def panic(*_: object) -> None:
        raise pl.exceptions.PanicException("out of bounds")

    monkeypatch.setattr(pl, "read_parquet", panic)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(FileReadError, match="could not be read as Parquet"):
        read_table(tmp_path / "a.parquet")


@pytest.mark.parametrize("source", [pl.DataFrame({"x": [1.5]}), [3], 7])
def test_what_holds_no_paths_is_refused(source):
    """A frame of cells is no list of pictures."""
    with pytest.raises(DataError, match="no paths of pictures"):
        picture_paths(source)


def test_an_arrow_file_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    """Polars ends the process that reads it; this one goes on."""
    path = tmp_path / "t.arrow"
    pl.DataFrame({"x": [1, None] * 2000}).write_ipc(path, compression="zstd")
    true, false = ((500).to_bytes(8, "little"), (2**59).to_bytes(8, "little"))
    assert path.read_bytes().count(true) == 1  # bytes of the mask of missing cells
    path.write_bytes(path.read_bytes().replace(true, false))
    with pytest.raises(FileReadError, match="sizes"):
        read_table(path)
