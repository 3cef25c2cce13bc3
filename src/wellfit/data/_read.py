"""Anything that holds a table to a `Table`."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import narwhals as nw
import numpy as np
import polars as pl

from wellfit.data._delimited import check_names, read_delimited
from wellfit.data._possible_times import with_possible_times
from wellfit.data._table import Table
from wellfit.data._text_encoding import decode
from wellfit.records import DataError, FileReadError

_ARROW = (".arrow", ".feather", ".ipc")
_PARQUET = (".parquet", ".pq")
_TRIAL = """
import io, sys
import polars
data = sys.stdin.buffer.read()
read = polars.read_ipc if data.startswith(b"ARROW1") else polars.read_ipc_stream
read(io.BytesIO(data))
"""
_JSON_LINES = (".jsonl", ".ndjson", ".json")


def read_table(
    source: object,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    quote: str | None = None,
    header: bool | None = None,
) -> Table:
    """Return the table that `source` holds; use it for every table that comes from outside.

    The format of a file is found by its ending and its first bytes. For CSV and the like the
    encoding, delimiter, quote, decimal mark and header are found out; each can be given instead.
    Cells of text files stay text: what they mean is decided by `infer_schema`.

    Args:
        source: path to a CSV, TSV, Parquet, Arrow, Feather or JSON lines file; a pandas, polars or
            pyarrow frame; a 2-D NumPy array (columns x0, x1, ...); or a mapping from name to column.
        delimiter: such as ``","``, ``";"``, a tab, ``"|"`` or a blank.
        encoding: such as ``"utf-8"``, ``"cp1252"``, ``"utf-16"`` or ``"gb18030"``.
        decimal: ``"."`` or ``","``.
        quote: the character around fields, or ``""`` for none.
        header: whether the first line holds names; without, columns are column_1, column_2, ...

    Raises:
        FileReadError: the file is missing, empty, binary, ragged or damaged, or has no rows.
        DataError: two columns have one name, or `source` is no table.

    Example:
        >>> read_table({"age": [31, 45], "city": ["Rome", "Oslo"]}).column_names
        ('age', 'city')
    """
    if isinstance(source, str | Path):
        path = Path(source).expanduser()
        data = _read_bytes(path)
        kind = _format(path, data)
        if kind is not None:
            frame, name = _read_typed(kind, data, path.name, encoding)
            return _typed_table(frame, path.name, format=name)
        return read_delimited(
            data,
            path.name,
            delimiter=delimiter or ("\t" if path.suffix.lower() == ".tsv" else None),
            encoding=encoding,
            decimal=decimal,
            quote=quote,
            header=header,
        )
    table = _from_object(source)
    return table if decimal is None else replace(table, decimal=decimal)


def _read_bytes(path: Path) -> bytes:
    if not path.exists():
        near = [other.name for other in path.parent.glob("*")] if path.parent.is_dir() else []
        raise FileReadError(
            f"there is no file {str(path)!r}.",
            received=str(path),
            expected="the path of a CSV, TSV, Parquet, Arrow, Feather or JSON lines file",
            fix=_near_file(path.name, near),
        )
    if path.is_dir():
        raise FileReadError(
            f"{str(path)!r} is a folder.",
            received="a folder",
            expected="the path of one table file",
            fix="name a file in it",
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileReadError(
            f"{str(path)!r} could not be read.",
            received=str(error),
            expected="a file that may be read",
            fix="check its permissions",
        ) from error
    if not data:
        raise FileReadError(
            f"{path.name} is empty.",
            received="0 bytes",
            expected="a header and rows",
            fix="check that the export wrote the file",
        )
    return data


def _near_file(name: str, known: list[str]) -> str:
    from_same_folder = [other for other in known if other.lower().startswith(name[:3].lower())]
    return (
        f"in the same folder: {', '.join(sorted(from_same_folder)[:3])}"
        if from_same_folder
        else "check the path"
    )


def _format(path: Path, data: bytes) -> str | None:
    suffix = path.suffix.lower()
    if data.startswith(b"PAR1") or suffix in _PARQUET:
        return "parquet"
    if data.startswith(b"ARROW1") or suffix in _ARROW:
        return "arrow"
    return "json" if suffix in _JSON_LINES else None


def _read_typed(kind: str, data: bytes, name: str, encoding: str | None) -> tuple[pl.DataFrame, str]:
    readers: dict[str, tuple[str, Callable[[], pl.DataFrame]]] = {
        "parquet": ("Parquet", lambda: pl.read_parquet(io.BytesIO(data))),
        "arrow": ("Arrow", lambda: _read_arrow(data)),
        "json": ("JSON lines", lambda: _read_json(data, name, encoding)),
    }
    label, read = readers[kind]
    try:
        return read(), label
    except FileReadError:
        raise
    # Polars raises errors of many kinds on damaged bytes, also plain OSError and ValueError; a panic is
    # no Exception.
    except (Exception, pl.exceptions.PanicException) as error:
        raise FileReadError(
            f"{name} could not be read as {label}.",
            received=str(error).splitlines()[0] if str(error) else type(error).__name__,
            expected=f"a whole {label} file",
            fix="write the file again, or export it as CSV",
        ) from error


def _read_arrow(data: bytes) -> pl.DataFrame:
    _try_apart(data)
    if data.startswith(b"ARROW1"):
        return pl.read_ipc(io.BytesIO(data))
    return pl.read_ipc_stream(io.BytesIO(data))


def _try_apart(data: bytes) -> None:
    """Read an Arrow file in another process first: on sizes that are damaged polars ends the one it is in."""
    if not sys.executable:
        return
    tried = subprocess.run([sys.executable, "-c", _TRIAL], input=data, capture_output=True, check=False)
    if tried.returncode not in (0, 1):
        raise ValueError("the sizes that it tells are not true")


def _read_json(data: bytes, name: str, encoding: str | None) -> pl.DataFrame:
    text, _ = decode(data, name, encoding)
    stream = io.BytesIO(text.encode())
    if text.lstrip().startswith("["):
        return pl.read_json(stream, infer_schema_length=None)
    return pl.read_ndjson(stream, infer_schema_length=None)


def _typed_table(frame: pl.DataFrame, name: str, **detected: object) -> Table:
    if frame.width == 0 or frame.height == 0:
        raise FileReadError(
            f"{name} has no rows.",
            received=f"{frame.height} rows and {frame.width} columns",
            expected="at least one row and one column",
            fix="check that the export wrote the rows",
        )
    frame, steps = with_possible_times(frame)
    return Table(frame=frame, name=name, detected=detected, steps=steps)


def _from_object(source: object) -> Table:
    if isinstance(source, Table):
        return source
    if isinstance(source, np.ndarray):
        return _typed_table(_from_array(source), "the array", format="NumPy array")
    if isinstance(source, Mapping):
        return _typed_table(_from_mapping(source), "the table", format="mapping")
    try:
        native = nw.from_native(source, eager_only=True)  # pyright: ignore[reportArgumentType, reportCallIssue]
    except TypeError as error:
        raise DataError(
            "this is not a table.",
            received=f"an object of type {type(source).__name__}",
            expected="a path, a pandas, polars or pyarrow frame, a 2-D array, or a mapping of columns",
            fix="collect a lazy frame first; pass nested lists as a NumPy array",
        ) from error
    kind = f"{native.implementation.name.lower()} frame"
    names = [str(name) for name in native.columns]
    check_names(names, f"the {kind}")
    columns = [_from_narwhals(native.get_column(name)) for name in native.columns]
    frame = pl.DataFrame([column.alias(name) for column, name in zip(columns, names, strict=True)])
    return _typed_table(frame, f"the {kind}", format=kind)


def _from_array(array: np.ndarray) -> pl.DataFrame:
    if array.ndim != 2:
        raise DataError(
            "an array must have two axes to be a table.",
            received=f"an array of shape {array.shape}",
            expected="shape (rows, columns)",
            fix="reshape it, or pass x and y apart",
        )
    return pl.DataFrame({f"x{i}": _from_values(array[:, i]) for i in range(array.shape[1])})


def _from_mapping(source: Mapping[object, object]) -> pl.DataFrame:
    columns = {str(name): _from_values(values) for name, values in source.items()}
    check_names([str(name) for name in source], "the mapping")
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(
            "the columns have different lengths.",
            received=", ".join(f"{name!r}: {length}" for name, length in list(lengths.items())[:4]),
            expected="as many cells in every column",
            fix="pad or cut the columns",
        )
    return pl.DataFrame(columns)


def _from_values(values: object) -> pl.Series:
    """Return a column; where types are mixed, its values as text."""
    if isinstance(values, pl.Series):
        return values
    listed = values.tolist() if isinstance(values, np.ndarray) and values.dtype == object else values
    try:
        return pl.Series(values=listed)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return pl.Series(
            [None if value is None else str(value) for value in _as_list(listed)], dtype=pl.String
        )


def _as_list(values: object) -> list[object]:
    try:
        return list(values)  # pyright: ignore[reportArgumentType]
    except TypeError as error:
        raise DataError(
            "a column is not a sequence.",
            received=f"an object of type {type(values).__name__}",
            expected="a list, an array or a series",
            fix="pass one value for each row",
        ) from error


def _from_narwhals(series: nw.Series) -> pl.Series:
    categories = list(series.dtype.categories) if isinstance(series.dtype, nw.Enum) else []
    try:
        column = series.to_polars()
    # Without pyarrow, or with mixed types in an object column, pandas columns go value by value.
    except Exception:
        return _from_values(series.to_list())
    return column.cast(pl.String).cast(pl.Enum(categories)) if categories else column
