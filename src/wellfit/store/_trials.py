"""The tables of the trial store, through SQLAlchemy: SQLite in a folder, or any database by its URL."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import event, exc, pool

from wellfit.records import SettingsError, StoreError
from wellfit.store._arrays import pack, unpack

Array = NDArray[Any]

_CHUNK_BYTES = 2**22  # servers refuse larger packets long before their columns are full
_PACKAGES = {"postgresql": "'psycopg[binary]'", "mysql": "pymysql", "mariadb": "pymysql"}
# MySQL asks how long a text may be, and PostgreSQL refuses to be told.
_LONG_TEXT = sa.Text().with_variant(sa.Text(2**24), "mysql", "mariadb")
_TABLES = sa.MetaData()
_STUDIES = sa.Table(
    "wellfit_studies",
    _TABLES,
    sa.Column("study", sa.String(40), primary_key=True),
    sa.Column("facts", _LONG_TEXT, nullable=False),
)
_ENTRIES = sa.Table(
    "wellfit_entries",
    _TABLES,
    sa.Column("study", sa.String(40), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("request", sa.String(64), nullable=False),
    sa.Column("body", _LONG_TEXT, nullable=False),
)
_ARRAYS = sa.Table(
    "wellfit_arrays",
    _TABLES,
    sa.Column("study", sa.String(40), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("body", sa.LargeBinary(2 * _CHUNK_BYTES), nullable=False),
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One step of a study that came to its end.

    Attributes:
        request: what was asked for, as the hash of it.
        body: what came out, as plain JSON values.
    """

    request: str
    body: Mapping[str, Any]


def sqlite_url(path: Path) -> str:
    """Return the URL of a database in a file."""
    return sa.URL.create("sqlite", database=str(path.absolute())).render_as_string()


def without_password(url: str) -> str:
    """Return a URL that may be written down.

    Raises:
        SettingsError: it is not the URL of a database.

    Example:
        >>> without_password("postgresql://me:secret@host/trials")
        'postgresql://me@host/trials'
    """
    given = _parsed(url)
    place = {name: getattr(given, name) for name in ("username", "host", "port", "database")}
    place["query"] = {name: value for name, value in given.query.items() if "pass" not in name.lower()}
    return sa.URL.create(given.drivername, **place).render_as_string()


class TrialStore:
    """The entries of one study, each in a transaction of its own that is on the disk when `append` returns.

    Args:
        url: of the database, as SQLAlchemy and Optuna write it.
        study: the name of the study in it.

    Raises:
        SettingsError: the URL is not one, or its driver is not installed.
        StoreError: the database cannot be opened.

    Example:
        >>> import numpy as np
        >>> store = TrialStore("sqlite://", "one")
        >>> store.append(0, Entry(request="a", body={"loss": 0.5}), {"weights": np.ones(2)})
        >>> [entry.body for entry in store.entries()], store.arrays(0)["weights"].tolist()
        ([{'loss': 0.5}], [1.0, 1.0])
    """

    def __init__(self, url: str, study: str) -> None:
        self._study, self._name = study, without_password(url)
        try:
            self._engine = sa.create_engine(_parsed(url), **_options(url))
        except (ImportError, exc.NoSuchModuleError) as error:
            raise SettingsError(
                "the driver of this database is not installed.",
                received=f"{self._name} ({error})",
                expected="a URL whose driver can be imported",
                fix=_install(_parsed(url)),
            ) from error
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _make_durable)
        with self._guarded("opened"):
            _TABLES.create_all(self._engine)

    def facts(self) -> dict[str, Any] | None:
        """Return what `begin` was told, None for a study that is not there."""
        with self._guarded("read"), self._engine.connect() as connection:
            found = connection.scalar(sa.select(_STUDIES.c.facts).where(_STUDIES.c.study == self._study))
        return None if found is None else json.loads(found)

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Start a study with no entries.

        Args:
            facts: plain JSON values; what must be the same for the study to go on.
        """
        with self._guarded("written"), self._engine.begin() as connection:
            for table in (_ARRAYS, _ENTRIES, _STUDIES):
                connection.execute(sa.delete(table).where(table.c.study == self._study))
            connection.execute(sa.insert(_STUDIES).values(study=self._study, facts=json.dumps(facts)))

    def entries(self) -> list[Entry]:
        """Return all entries in order."""
        query = sa.select(_ENTRIES.c.request, _ENTRIES.c.body).where(_ENTRIES.c.study == self._study)
        with self._guarded("read"), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(_ENTRIES.c.number)).all()
        return [Entry(request=request, body=json.loads(body)) for request, body in rows]

    def arrays(self, number: int) -> dict[str, Array]:
        """Return the arrays of an entry."""
        query = sa.select(_ARRAYS.c.body).where(_ARRAYS.c.study == self._study, _ARRAYS.c.number == number)
        with self._guarded("read"), self._engine.connect() as connection:
            parts = connection.scalars(query.order_by(_ARRAYS.c.part)).all()
        return unpack(b"".join(parts))

    def append(self, number: int, entry: Entry, arrays: Mapping[str, Array]) -> None:
        """Write an entry; when this returns, no kill and no power cut takes it away.

        Args:
            number: of the entry, from 0 on.
            entry: what was asked for and what came out.
            arrays: what came out in numbers.

        Raises:
            StoreError: it cannot be written; the entries before it are still there.
        """
        body = pack(arrays)
        key = {"study": self._study, "number": number}
        row = {**key, "request": entry.request, "body": json.dumps(entry.body)}
        parts = _parts(body)
        with self._guarded("written"), self._engine.begin() as connection:
            connection.execute(sa.insert(_ENTRIES).values(**row))
            for part, piece in enumerate(parts):
                connection.execute(sa.insert(_ARRAYS).values(**key, part=part, body=piece))

    def forget_from(self, number: int) -> None:
        """Take entries away, from one on."""
        with self._guarded("written"), self._engine.begin() as connection:
            for table in (_ARRAYS, _ENTRIES):
                is_own = sa.and_(table.c.study == self._study, table.c.number >= number)
                connection.execute(sa.delete(table).where(is_own))

    def drop_arrays(self) -> None:
        """Let the arrays of all entries go: of a study that has ended, nobody asks for them."""
        with self._guarded("written"):
            with self._engine.begin() as connection:
                connection.execute(sa.delete(_ARRAYS).where(_ARRAYS.c.study == self._study))
            if self._engine.dialect.name == "sqlite":
                with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql("VACUUM")

    def close(self) -> None:
        """Close the database; of SQLite one file is left."""
        with contextlib.suppress(exc.SQLAlchemyError):
            self._engine.dispose()

    @contextlib.contextmanager
    def _guarded(self, what: str) -> Generator[None, None, None]:
        try:
            yield
        except exc.SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
            raise StoreError(
                f"the trial store cannot be {what}: {reason}",
                received=self._name,
                expected="a database that can be written, and room on the disk",
                fix="make room; then `wellfit resume DIR` goes on from the last run that was stored",
            ) from error


def _parts(body: bytes) -> Sequence[bytes]:
    return [body[start : start + _CHUNK_BYTES] for start in range(0, len(body), _CHUNK_BYTES)]


def _install(url: sa.URL) -> str:
    """Return what brings the driver of a URL."""
    backend, _, driver = url.drivername.partition("+")
    known = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
    if not driver and backend in known:
        return f"pip install {_PACKAGES[backend]}, and begin the URL with {known[backend]}://"
    package = _PACKAGES["postgresql"] if driver == "psycopg" else driver or f"the driver of {backend}"
    return f"pip install {package}; or use another, such as {' or '.join(known.values())}"


def _hidden(text: str) -> str:
    """Return text that may hold a URL without the password in it."""
    return re.sub(r"(://[^:/@]*):.*@", r"\1@", text)


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError as error:
        raise SettingsError(
            "this is not the URL of a database.",
            received=repr(_hidden(url)),
            expected="a URL such as postgresql://user@host/trials or sqlite:///trials.db",
        ) from error
    if "@" in (parsed.host or ""):  # the rest of a password, which would be written down
        raise SettingsError(
            "this is not the URL of a database.",
            received=repr(_hidden(url)),
            expected="one @, between user and host",
            fix="write an @ in a password as %40",
        )
    return parsed


def _options(url: str) -> dict[str, Any]:
    """Return one connection for a database in memory, which every connection has for itself."""
    parsed = _parsed(url)
    is_memory = parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:")
    return {"poolclass": pool.StaticPool} if is_memory else {}


def _make_durable(connection: Any, _: object) -> None:
    """Let a commit return when it is on the disk; readers do not wait for it."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
