"""Tables that were damaged or are odd, through `read_table` and what a study makes of them."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import polars as pl

from _fuzz_bytes import json_bytes, mutated_bytes, mutated_json
from _fuzz_target import Case, Reader
from wellfit.data import prepare, read_table
from wellfit.records import DataError, SettingsError

_ENCODINGS = (
    "utf-8",
    "utf-8",
    "utf-8-sig",
    "cp1252",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "gb18030",
    "latin-1",
)
_WORDS = (
    "", " ", "NA", "?", "-", "nan", "inf", "-inf", "null", "None", "#N/A", "red", "green", "blue", "ja",
    "nein", "TRUE", "f", "0", "1", "-1", "007", "1,5", "1.5", "1.234,56", "1,234.56", "1e308", "1e999",
    "9" * 30, "9" * 400, "5 %", "$ 5", "(5)", "\u0661", "1\u00a0000", "2026-01-31", "31.01.2026", "01/31/26",
    "2026-01-31T23:59:59Z", "0000-00-00", "23:59", "24:00", "9999-12-31 23:59:59.999999", "2026-W01-1",
    "a" * 3000, "Zürich", "\u202eabc", "=1+1", 'a"b', '"', "a\nb", "\t", "\0", "\ufeff",
)  # fmt: skip
_OPTIONS: dict[str, tuple[Any, ...]] = {
    "delimiter": (",", ";", "\t", "|", " ", "a", "\\t", "", '"', "\n", "é", "1"),
    "encoding": ("utf-8", "cp1252", "utf-16", "gb18030", "utf-7", "base64", "no-such", "idna", "ascii", ""),
    "decimal": (".", ",", ";", ""),
    "quote": ('"', "'", "", "a", "\n", ","),
    "header": (True, False),
}
_DTYPES = (
    pl.Int8, pl.Int64, pl.UInt64, pl.Int128, pl.Float32, pl.Float64, pl.Boolean, pl.String, pl.Binary,
    pl.Date, pl.Time, pl.Datetime("us"), pl.Datetime("ns", "Europe/Zurich"), pl.Duration("ms"),
    pl.Categorical, pl.Decimal(20, 3), pl.Null, pl.List(pl.Int64), pl.Array(pl.Float32, 2),
    pl.Struct({"a": pl.Int64}), pl.Enum(["a", "b"]), pl.Object,
)  # fmt: skip


class Tables(Reader):
    """`read_table`, and `prepare` with a column of it as the target."""

    refusals = (DataError, SettingsError)

    def draw(self, rng: Random) -> Case:
        """Return a file of some kind, and how it is read."""
        name, data = (_text, _text, _typed, _json_lines)[rng.randrange(4)](rng)
        if rng.random() < 0.2:
            data = mutated_bytes(rng, data, _text(rng)[1])
        reading = {key: rng.choice(odd) for key, odd in _OPTIONS.items() if rng.random() < 0.03}
        return Case(
            files={name: data},
            call={"reading": reading, "target": rng.randrange(8), "more": rng.randrange(12)},
        )

    def call(self, case: Case, folder: Path) -> None:
        """Read it, and prepare it for a study."""
        table = read_table(folder / next(iter(case.files)), **case.call["reading"])
        names = table.column_names
        options: dict[str, Any] = {}
        if case.call["more"] in (0, 1):
            options["group" if case.call["more"] else "time"] = names[-1]
        prepare(table, names[case.call["target"] % len(names)], **options)


def _text(rng: Random) -> tuple[str, bytes]:
    delimiter, newline = rng.choice(",,;;\t| "), rng.choice(("\n", "\n", "\r\n", "\r"))
    quote = rng.choice(('"', '"', "'", ""))
    pools = [_pool(rng) for _ in range(rng.choice((1, 2, 5, 8)))]
    lines = [
        [_quoted(rng, rng.choice(pool), delimiter, quote) for pool in pools]
        for _ in range(rng.choice((0, 1, 5, 40, 40, 40, 200)))
    ]
    header = [
        _quoted(rng, rng.choice(_WORDS) if rng.random() < 0.05 else f"c{i}", delimiter, quote)
        for i in range(len(pools))
    ]
    rows = ([header] if rng.random() < 0.85 else []) + lines
    text = newline.join(delimiter.join(row) for row in rows)
    text = (
        rng.choice(("", "", "", f"sep={delimiter}{newline}", newline, "\ufeff"))
        + text
        + rng.choice(("", newline, newline * 3))
    )
    data = text.encode(rng.choice(_ENCODINGS), "replace")
    names = ("t.csv", "t.csv", "t.tsv", "t.txt", "t.CSV", "t")
    return rng.choice(names if rng.random() < 0.95 else ("t.json", "t.parquet", "t.arrow")), data


def _pool(rng: Random) -> list[str]:
    """Return what the cells of a column are drawn from."""
    way = rng.randrange(5)
    if way == 0:
        return [f"{rng.gauss(0, 10 ** rng.randrange(6)):.{rng.randrange(6)}f}" for _ in range(30)]
    if way == 1:
        return [str(rng.randrange(10 ** rng.randrange(1, 12))) for _ in range(30)]
    if way == 2:
        start = dt.datetime(2020, 1, 1)
        form = rng.choice(("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%y", "%Y-%m-%dT%H:%M:%S", "%H:%M", "%d %b %Y"))
        return [(start + dt.timedelta(hours=rng.randrange(90_000))).strftime(form) for _ in range(30)]
    return (
        rng.sample(_WORDS, rng.choice((2, 4, 30)))
        if way == 3
        else rng.sample(("red", "green", "blue", "", "NA", "x"), 3)
    )


def _quoted(rng: Random, cell: str, delimiter: str, quote: str) -> str:
    if quote and (rng.random() < 0.1 or any(mark in cell for mark in (delimiter, quote, "\n"))):
        return quote + cell.replace(quote, quote * 2) + quote
    return cell


def _frame(rng: Random) -> pl.DataFrame:
    num_rows = rng.choice((0, 1, 5, 60, 60, 60))
    columns = {}
    for i in range(rng.choice((0, 1, 3, 6, 6))):
        dtype = rng.choice(_DTYPES)
        columns[rng.choice((f"c{i}", f"c{i}", f"c{i}", "", "é\0", f"{i}" * 3000)) or f"{i}"] = pl.Series(
            [None if rng.random() < 0.1 else _cell(rng, dtype) for _ in range(num_rows)],
            dtype=dtype,  # type: ignore[arg-type]
            strict=False,
        )
    return pl.DataFrame(columns)


def _cell(rng: Random, dtype: Any) -> Any:  # noqa: PLR0911 (one for each kind of cell)
    number = rng.choice((0, 1, -1, 2, 3, 100, 2**62, -(2**62)))
    made = {
        pl.Float32: rng.choice((0.5, float("nan"), float("inf"), -1e38, 1e-40)),
        pl.Float64: rng.choice((0.5, 1.25, float("nan"), float("-inf"), 1e308, -0.0)),
        pl.Boolean: rng.random() < 0.5,
        pl.String: rng.choice(_WORDS),
        pl.Binary: rng.randbytes(3),
        pl.Date: dt.date(rng.choice((1, 1969, 2026, 9999)), 1, rng.randrange(1, 29)),
        pl.Time: dt.time(rng.randrange(24), 59, 59, 999_999),
        pl.Categorical: rng.choice(_WORDS),
        pl.Object: object() if rng.random() < 0.5 else "a",
    }
    if dtype in made:
        return made[dtype]
    if isinstance(dtype, pl.Datetime):
        return dt.datetime(rng.choice((1700, 1969, 2026, 2200)), 1, rng.randrange(1, 29), 23, 59)
    if isinstance(dtype, pl.Duration):
        return dt.timedelta(days=rng.randrange(-10_000, 10_000))
    if isinstance(dtype, pl.Decimal):
        return Decimal(number % 10**9)
    if isinstance(dtype, pl.Struct):
        return {"a": number}
    if isinstance(dtype, pl.List):
        return [number] * rng.randrange(3)
    if isinstance(dtype, pl.Array):
        return [0.5, 1.0]
    return rng.choice("ab") if isinstance(dtype, pl.Enum) else number


def _typed(rng: Random) -> tuple[str, bytes]:
    stream, frame = io.BytesIO(), _frame(rng)
    way = rng.randrange(4)
    try:
        if way < 2:
            frame.write_parquet(
                stream, compression=rng.choice(("zstd", "snappy", "gzip", "lz4", "uncompressed", "brotli"))
            )
        elif way == 2:
            frame.write_ipc(stream, compression=rng.choice(("uncompressed", "lz4", "zstd")))
        else:
            frame.write_ipc_stream(stream)
    except BaseException:  # what polars cannot write is no sample
        return _text(rng)
    name = (
        rng.choice(("t.parquet", "t.pq", "t.csv"))
        if way < 2
        else rng.choice(("t.arrow", "t.feather", "t.ipc", "t.parquet"))
    )
    return name, mutated_bytes(rng, stream.getvalue()) if rng.random() < 0.35 else stream.getvalue()


def _json_lines(rng: Random) -> tuple[str, bytes]:
    names = [f"c{i}" for i in range(rng.choice((1, 3, 6)))]
    rows = [
        {name: rng.choice((i, i / 3, "a", "b", None, True, "2026-01-31")) for name in names}
        for i in range(rng.choice((1, 5, 40, 40)))
    ]
    if rng.random() < 0.6:
        rows = mutated_json(rng, rows)
    if rng.random() < 0.3 or not isinstance(rows, list):
        return "t.json", json_bytes(rng, rows)
    try:
        lines = [json.dumps(row) for row in rows]
    except RecursionError:
        lines = ["[" * 100_000]
    return rng.choice(("t.jsonl", "t.ndjson", "t.json")), "\n".join(lines).encode("utf-8", "replace")
