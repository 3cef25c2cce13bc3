"""Arrays that are mapped from a file: read in parts, joined on disk."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from wellfit.data import _mapped, in_parts, is_mapped, joined_rows, picked


@pytest.fixture
def mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Return 10 rows that are mapped from a file; nothing may be joined in memory."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(_mapped, "_MOST_JOINED", 0)
    np.save(tmp_path / "own.npy", np.arange(60, dtype=np.uint8).reshape(10, 2, 3))
    return np.load(tmp_path / "own.npy", mmap_mode="r")


def test_views_of_a_map_are_mapped_and_copies_are_not(mapped: np.ndarray) -> None:
    """Whatever class of array they are."""
    assert is_mapped(mapped)
    assert is_mapped(np.asarray(mapped)[2:])
    assert not is_mapped(mapped[[1, 2]])
    assert not is_mapped(np.array(mapped))


def test_picked_rows_are_those_of_an_index(mapped: np.ndarray) -> None:
    """Slice by slice and as a whole; of an array in memory they are an array."""
    rows = np.array([7, 1, 1, 4])
    found = picked(mapped, rows)
    assert (len(found), found.shape, found.dtype, found.ndim) == (4, (4, 2, 3), np.uint8, 3)
    assert np.array_equal(found[1:3], mapped[[1, 1]])
    assert np.array_equal(np.asarray(found, np.float32), mapped[rows])
    assert isinstance(picked(np.array(mapped), rows), np.ndarray)


def test_parts_cover_all_rows_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where one row is more than a part."""
    values = np.zeros((7, 5), np.uint8)
    for most, size in ((10, 2), (1, 1), (10**6, 7)):
        monkeypatch.setattr(_mapped, "_PART_BYTES", most)
        parts = list(in_parts(values))
        assert [place for part in parts for place in range(7)[part]] == list(range(7))
        assert len(range(7)[parts[0]]) == size


def test_joined_rows_lie_in_a_file_that_goes_with_them(mapped: np.ndarray, tmp_path: Path) -> None:
    """Equal to what would be joined in memory, and mapped."""
    more = np.full((3, 2, 3), 200, np.uint8)
    expected = np.concatenate([mapped, more, mapped])
    found = joined_rows([mapped, more, mapped])
    assert is_mapped(found)
    assert np.array_equal(found, expected)
    assert len(list(tmp_path.rglob("images.npy"))) == 1
    part = found[4:]
    del found
    gc.collect()
    assert np.array_equal(part, expected[4:])
    assert len(list(tmp_path.rglob("images.npy"))) == 1
    del part
    gc.collect()
    assert not list(tmp_path.rglob("images.npy"))


def test_few_rows_are_joined_in_memory(mapped: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """So are rows that are in memory already."""
    assert not is_mapped(joined_rows([np.array(mapped), np.array(mapped)]))
    monkeypatch.setattr(_mapped, "_MOST_JOINED", 120)
    assert not is_mapped(joined_rows([mapped, mapped]))
    assert is_mapped(joined_rows([mapped, mapped, mapped]))
