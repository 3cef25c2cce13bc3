"""The trial store: what was appended is there, whole, in order, and nothing else is."""

from __future__ import annotations

import contextlib
import doctest
import os
import sqlite3
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

import wellfit.store
from wellfit.records import DataError, OutputError, SettingsError, StoreError
from wellfit.store import Entry, FolderLock, TrialStore, pack, sqlite_url, unpack, without_password
from wellfit.store._trials import _ENTRIES

LARGE = 3 * 2**22 + 5  # bytes: of several parts, and too many to be compressed


def entry(request: str = "a", **body: object) -> Entry:
    """Return an entry."""
    return Entry(request=request, body=body)


@pytest.mark.parametrize("module", ["_arrays", "_lock", "_trials"])
def test_examples(module: str) -> None:
    """The examples of the docstrings are true."""
    found = doctest.testmod(sys.modules[f"wellfit.store.{module}"])
    assert found.attempted
    assert not found.failed


def test_everything_public_is_documented() -> None:
    """The package names what it has."""
    assert all(getattr(wellfit.store, name).__doc__ for name in wellfit.store.__all__)


def test_what_was_appended_is_there(tmp_path: Path) -> None:
    """Numbers come back to the last bit, in another connection too; each study has its own."""
    url = sqlite_url(tmp_path / "trials.db")
    arrays = {"a": np.random.default_rng(0).normal(size=7), "b": np.arange(6, dtype=np.int32).reshape(2, 3)}
    large = {"weights": np.frombuffer(np.random.default_rng(1).bytes(LARGE), np.uint8)}
    with_facts, other = TrialStore(url, "one"), TrialStore(url, "two")
    with_facts.begin({"data": "x"})
    other.begin({"data": "y"})
    with_facts.append(0, entry("a", loss=0.1, nothing=None), arrays)
    with_facts.append(1, entry("b", loss=1e-17), large)
    with_facts.append(2, entry("c"), {})
    with_facts.close()
    again = TrialStore(url, "one")
    assert again.facts() == {"data": "x"}
    assert [one.request for one in again.entries()] == ["a", "b", "c"]
    assert [one.body.get("loss") for one in again.entries()] == [0.1, 1e-17, None]
    found = again.arrays(0)
    assert {name: (values.dtype, values.shape) for name, values in found.items()} == {
        "a": (np.dtype("float64"), (7,)),
        "b": (np.dtype("int32"), (2, 3)),
    }
    np.testing.assert_array_equal(found["a"], arrays["a"])
    np.testing.assert_array_equal(again.arrays(1)["weights"], large["weights"])
    assert again.arrays(2) == {}
    assert other.entries() == []
    assert TrialStore(url, "three").facts() is None


def test_a_commit_is_on_the_disk(tmp_path: Path) -> None:
    """The database waits for the disk, and keeps a log that readers do not wait for."""
    path = tmp_path / "trials.db"
    store = TrialStore(sqlite_url(path), "one")
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    store.begin({})
    store.append(0, entry(), {"a": np.ones(3)})
    with contextlib.closing(sqlite3.connect(path)) as reader:
        assert reader.execute("select count(*) from wellfit_entries").fetchone() == (1,)
    store.close()
    assert os.listdir(tmp_path) == ["trials.db"]


def test_entries_are_forgotten_from_one_on(tmp_path: Path) -> None:
    """With their arrays; and their places can be taken anew."""
    store = TrialStore(sqlite_url(tmp_path / "trials.db"), "one")
    store.begin({})
    for number, name in enumerate("abc"):
        store.append(number, entry(name), {"a": np.full(2, number)})
    store.forget_from(1)
    assert [one.request for one in store.entries()] == ["a"]
    store.append(1, entry("d"), {"a": np.full(2, 9)})
    assert store.arrays(1)["a"].tolist() == [9, 9]
    store.begin({"anew": True})
    assert store.entries() == []


def test_a_study_that_has_ended_takes_less_room(tmp_path: Path) -> None:
    """Its arrays go, what it trained can still be listed."""
    path = tmp_path / "trials.db"
    store = TrialStore(sqlite_url(path), "one")
    store.begin({})
    store.append(
        0, entry(loss=0.5), {"weights": np.frombuffer(np.random.default_rng(0).bytes(LARGE), np.uint8)}
    )
    store.drop_arrays()
    store.close()
    assert path.stat().st_size < LARGE / 10
    assert [one.body for one in TrialStore(sqlite_url(path), "one").entries()] == [{"loss": 0.5}]


def test_a_full_disk_takes_nothing_that_was_stored(tmp_path: Path) -> None:
    """An entry that has no room is an error that says what to do, and is not there at all."""
    store = TrialStore(sqlite_url(tmp_path / "trials.db"), "one")
    store.begin({})
    store.append(0, entry("a"), {"a": np.ones(4)})
    with store._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {int(pages or 0) + 8}")
    large = {"weights": np.frombuffer(np.random.default_rng(0).bytes(LARGE), np.uint8)}
    with pytest.raises(StoreError, match=r"is full[\s\S]*make room"):
        store.append(1, entry("b"), large)
    assert [one.request for one in store.entries()] == ["a"]
    assert isinstance(StoreError("x"), OutputError)
    store.close()
    roomy = TrialStore(sqlite_url(tmp_path / "trials.db"), "one")
    roomy.append(1, entry("b"), large)
    np.testing.assert_array_equal(roomy.arrays(1)["weights"], large["weights"])


def test_nothing_that_could_run_is_stored_or_read() -> None:
    """Objects are refused on both ways, for only pickle could carry them."""
    with pytest.raises(DataError, match="objects"):
        pack({"a": np.array([object()])})
    stream = BytesIO()
    np.savez(stream, a=np.array([{"a": 1}], object))
    with pytest.raises(DataError, match="cannot be read"):
        unpack(stream.getvalue())
    with pytest.raises((DataError, zipfile.BadZipFile)):
        unpack(b"PK nothing")


def test_a_database_that_is_none_is_refused(tmp_path: Path) -> None:
    """A URL that is not one, a driver that is not there, and a file that is something else."""
    with pytest.raises(SettingsError, match="not the URL"):
        TrialStore("trials.db", "one")
    with pytest.raises(SettingsError, match="driver"):
        TrialStore("oracle://host/trials", "one")
    path = tmp_path / "trials.db"
    path.write_bytes(b"no database at all, but long enough to look at" * 100)
    with pytest.raises(StoreError, match="not a database"):
        TrialStore(sqlite_url(path), "one")


def test_passwords_are_not_written_down() -> None:
    """Neither in study.json nor in an error."""
    assert without_password("postgresql://me:secret@host:5/db?a=b") == "postgresql://me@host:5/db?a=b"
    assert without_password("mysql://me@host/db?passwd=secret&a=b") == "mysql://me@host/db?a=b"
    for url in ("oracle://me:secret@host/trials", "nothing://me:secret@host/a", "://me:secret@host"):
        with pytest.raises(SettingsError) as caught:
            TrialStore(url, "one")
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "package"),
    [
        ("mysql+missing://host/trials", "missing"),
        ("oracle://host/trials", "oracle"),
        ("nothing://host/a", "nothing"),
    ],
)
def test_a_missing_driver_says_what_brings_it(url: str, package: str) -> None:
    """It names what to install, also where SQLAlchemy does not know the database."""
    with pytest.raises(SettingsError, match=f"pip install .*{package}"):
        TrialStore(url, "one")


def test_a_lock_goes_with_its_process(tmp_path: Path) -> None:
    """Nothing is left of a holder that was killed, and its file keeps nobody out."""
    code = (
        "import sys, time; from pathlib import Path; from wellfit.store import FolderLock\n"
        "lock = FolderLock(Path(sys.argv[1])); print('held', flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert FolderLock.is_held(tmp_path)
    with pytest.raises(OutputError, match="another study runs"):
        FolderLock(tmp_path)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert not FolderLock.is_held(tmp_path)
    assert (tmp_path / "study.lock").exists()
    FolderLock(tmp_path).release()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("dialect", "text"), [(postgresql, "body TEXT"), (mysql, "body TEXT(16777216)"), (sqlite, "body TEXT")]
)
def test_tables_are_said_as_each_database_wants_them(dialect, text) -> None:
    """PostgreSQL refuses a text with a length; without one MySQL cuts off at 64 KiB."""
    said = str(sa.schema.CreateTable(_ENTRIES).compile(dialect=dialect.dialect()))
    assert f"{text} NOT NULL" in said


def test_a_password_with_an_at_sign_is_not_taken_for_a_host():
    """It is refused before it is written down, and the message does not tell it."""
    with pytest.raises(SettingsError, match="%40") as caught:
        without_password("postgresql://me:se@cret@host/trials")
    assert "cret" not in str(caught.value)
    assert without_password("postgresql://me:se%40cret@host/trials") == "postgresql://me@host/trials"
